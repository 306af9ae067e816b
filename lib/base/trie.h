/* A persistent map from 64-bit hashes (and keys) to blocks: a trie of 32-way nodes that hold only
 * the slots in use (Bagwell, "Ideal Hash Trees", 2001).
 *
 * Its shape depends on what it holds, not on how it came to be; so two versions share every node
 * below which nothing changed, and comparing them skips those. A version is changed in place where
 * it alone owns a node, else by copying the path from the root. Nodes and blocks are counted. */
#ifndef SVCR_TRIE_H
#define SVCR_TRIE_H

#include "base/block.h"

struct svcr_trie_node;

struct svcr_trie {
    struct svcr_trie_node *root; /* NULL: empty */
    size_t num;
};

/* True if a block has this key. */
typedef bool svcr_trie_match(const struct svcr_block *block, const void *key);

struct svcr_block *svcr_trie_get(const struct svcr_trie *trie, uint64_t hash,
                                 svcr_trie_match *match, const void *key);
/* Puts a block (taking a reference), in place of one with the same key. 0 or SVCROUTE_ERR_NOMEM;
 * after a failure the trie still can be freed, and nothing else. */
int svcr_trie_put(struct svcroute_context *context, struct svcr_trie *trie,
                  struct svcr_block *block, svcr_trie_match *match, const void *key);
/* The same, unless there is one with that key: then nothing changes and *there is that one, else
 * NULL. */
int svcr_trie_add(struct svcroute_context *context, struct svcr_trie *trie,
                  struct svcr_block *block, svcr_trie_match *match, const void *key,
                  struct svcr_block **there);
/* Removes a key, if it is there. Codes as above. */
int svcr_trie_remove(struct svcroute_context *context, struct svcr_trie *trie, uint64_t hash,
                     svcr_trie_match *match, const void *key);
/* A second version of the same, to be changed on its own. */
struct svcr_trie svcr_trie_share(const struct svcr_trie *trie);
void svcr_trie_clear(struct svcroute_context *context, struct svcr_trie *trie);

/* Visits every block, in the order of the hashes' bits. A visit that returns false ends the walk.
 */
typedef bool svcr_trie_visit(void *user, struct svcr_block *block);
bool svcr_trie_walk(const struct svcr_trie *trie, svcr_trie_visit *visit, void *user);

/* Visits what differs: (old, NULL), (NULL, new), or (old, new) for different blocks with one key.
 * `same_key` compares two blocks' keys. */
typedef bool svcr_trie_same_key(const struct svcr_block *a, const struct svcr_block *b);
typedef bool svcr_trie_differ(void *user, struct svcr_block *older, struct svcr_block *newer);
bool svcr_trie_compare(const struct svcr_trie *older, const struct svcr_trie *newer,
                       svcr_trie_same_key *same_key, svcr_trie_differ *differ, void *user);

#endif
