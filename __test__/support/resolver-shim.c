/* A resolver that a test has in its hand: preloaded into a program, it answers one name from a file. See
 * resolver-shim.ts.
 *
 *   RESOLVER_SHIM_NAME       the name; others go to the system's resolver
 *   RESOLVER_SHIM_ADDRESSES  file with the addresses, in their order; none when the name does not exist, and the word
 *                            `silence` while the resolver is to be silent. Read for every look-up, replaced whole.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int (*look_up)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* The words of the file, or an empty text. */
static void addresses(char *text, size_t size) {
  const char *path = getenv("RESOLVER_SHIM_ADDRESSES");
  FILE *file = path == NULL ? NULL : fopen(path, "re");
  size_t length = file == NULL ? 0 : fread(text, 1, size - 1, file);
  text[length] = '\0';
  if (file != NULL) fclose(file);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  look_up real = (look_up)dlsym(RTLD_NEXT, "getaddrinfo");
  const char *name = getenv("RESOLVER_SHIM_NAME");
  if (name == NULL || node == NULL || strcmp(node, name) != 0) return real(node, service, hints, result);

  char text[1024];
  for (addresses(text, sizeof text); strcmp(text, "silence") == 0; addresses(text, sizeof text)) {
    struct timespec pause = {0, 5000000};
    nanosleep(&pause, NULL);
  }
  struct addrinfo numeric = {0};
  if (hints != NULL) numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  struct addrinfo *first = NULL, **end = &first;
  char *rest = text;
  for (char *address; (address = strtok_r(rest, " ", &rest)) != NULL;) {
    if (real(address, service, &numeric, end) != 0) continue;
    while (*end != NULL) end = &(*end)->ai_next;
  }
  *result = first;
  return first == NULL ? EAI_NONAME : 0;
}
