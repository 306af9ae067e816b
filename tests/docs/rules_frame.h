/* What the pieces of docs/rules.md take for granted, besides what the frames of the guide and of the drive loop have. */
static struct svcroute_text request_target, method, host_header, entry_point;
static const struct svcroute_text *headers;
static uint32_t num_headers;
static bool over_tls;
int answer(int status);
void run_middlewares(const struct svcroute_route *route);

/* What nginx has, as far as they look at it. */
typedef struct {
    size_t len;
    unsigned char *data;
} ngx_str_t;
struct ngx_connection_s {
    ngx_str_t addr_text;
};
static struct ngx_request {
    ngx_str_t unparsed_uri, method_name;
    struct {
        ngx_str_t server;
    } headers_in;
    struct ngx_connection_s *connection;
    void *pool;
} *r;
#define NGX_ERROR -1
#define NGX_HTTP_BAD_REQUEST 400
#define NGX_HTTP_NOT_FOUND 404
void *ngx_pnalloc(void *pool, size_t size);
const struct svcroute_text *headers_of(struct ngx_request *request, uint32_t *num);
static struct svcroute_picker *worker_picker;
