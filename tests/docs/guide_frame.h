/* What the pieces of docs/guide.md take for granted: each of them is compiled behind this, in a function that returns code. */
static int code;
static struct svcroute_context *context;
static struct svcroute_store *store;
static struct svcroute_policy *policy;
static struct svcroute_diags *diags;
static struct svcroute_table *table, *previous;
static struct svcroute_watch *watch;
static const char *bytes, *list;
static size_t size, list_size;
void add_server(const struct svcroute_server_info *server);
bool read_chunk(const char **chunk, size_t *chunk_size);
