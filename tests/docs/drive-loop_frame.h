/* What the pieces of docs/drive-loop.md take for granted, besides what guide_frame.h has. */
static struct svcroute_balancer *balancer;
static struct svcroute_picker *picker, *pickers[4];
static struct svcroute_pick *pick;
static struct svcroute_request request;
static uint64_t now, handle, version;
static struct svcroute_text route_name, client_address;
static const struct svcroute_text *cookie_headers;
static uint32_t num_cookie_headers;
uint64_t clock_now(void);
uint64_t random_number(void);
void sleep_until(uint64_t deadline);
void wake_driver(void);
void send_probe(const struct svcroute_event *probe);
void forget_probe(uint64_t probe);
void close_connections(uint32_t slot);
struct svcroute_outcome send_request(const struct svcroute_pick_info *info);
void forward_answer(struct svcroute_pick *pick);
