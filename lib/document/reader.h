/* Reading a stream of documents from borrowed bytes: what the store and the public reader share. */
#ifndef SVCR_READER_H
#define SVCR_READER_H

#include "document/node.h"

/* Counted copy of input bytes, shared by the reader and the documents that point into it. */
struct svcr_bytes;

struct svcr_reader; /* yaml.c or json.c behind it */

/* Opens a reader over bytes that outlive it and the documents that it gives. `source` is borrowed
 * too. `strict`: unknown tags are errors. first_line: line number of the first byte (1 for files).
 */
int svcr_reader_open(struct svcr_reader **out, struct svcroute_context *context, const char *bytes,
                     size_t size, svcr_text source, uint32_t format, bool strict,
                     uint32_t first_line);
void svcr_reader_close(struct svcr_reader *reader);

/* Somebody who takes the elements of the list "items" at the top of a document while the document is
 * still being read, so that a long list never stands in memory as a whole: an element that is taken
 * (true) leaves the document. After one that is not, nobody is asked again. `document` has the nodes
 * read so far; the document may still turn out to be faulty. */
typedef bool svcr_take_item(void *user, const struct svcroute_document *document,
                            const struct svcroute_node *item);
/* Asks `take` for each element that is a list or map. YAML's readers ask nobody: an alias may lead back
 * to what would have left. */
void svcr_reader_offer_items(struct svcr_reader *reader, svcr_take_item *take, void *user);

/* Reads the next document into `document`, which is reset first and can be used again and again;
 * its nodes and texts are valid until then. Codes as svcroute_reader_next(); on 0
 * document->nodes[0] is the root. An empty YAML document (only comments) is skipped. */
int svcr_reader_read(struct svcr_reader *reader, struct svcroute_document *document,
                     struct svcroute_diags *diags);

/* A document for the reader to fill: on the caller's stack or in a larger struct. Takes a reference
 * to the context and allocates nothing. */
void svcr_document_init(struct svcroute_document *document, struct svcroute_context *context);
void svcr_document_clear(struct svcroute_document *document);

#endif
