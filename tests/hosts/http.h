/* Heads of HTTP/1.1 requests as text: what clients write, proxies read and write, and servers read.
 */
#ifndef HOSTS_HTTP_H
#define HOSTS_HTTP_H

#include <svcroute/svcroute.h>

enum { HTTP_LINES = 24, HTTP_HEAD = 8192 };

/* A head that was read; texts are borrowed from it. */
struct http_head {
    struct svcroute_text method, target;
    struct svcroute_text lines[2 * HTTP_LINES]; /* names and values by turns */
    uint32_t num_lines;
};

/* False if it is not one whole, well-formed head. */
bool http_read(struct http_head *head, struct svcroute_text text);
/* The value of the first line of a name, absent if there is none; `num` (NULL allowed) counts them.
 */
struct svcroute_text http_find(const struct http_head *head, const char *name, uint32_t *num);
void http_remove(struct http_head *head, const char *name);
void http_add(struct http_head *head, const char *name, struct svcroute_text value);

bool http_same_name(struct svcroute_text name, const char *other);

/* A head that is being written. */
struct http_text {
    char bytes[HTTP_HEAD];
    size_t size;
};

void http_say(struct http_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Method, target, Host and lines; with the empty line at the end. */
void http_write(struct http_text *text, struct svcroute_text method, struct svcroute_text path,
                struct svcroute_text query, struct svcroute_text host,
                const struct http_head *lines);

#endif
