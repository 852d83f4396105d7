/* Lets a process connect to loopback from an address of its own, as if it ran on another host: preloaded, it binds each
 * TCP socket to SOURCE_ADDRESS before it connects to 127.0.0.0/8. See soak/worker-process.ts. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
  const char *source = getenv("SOURCE_ADDRESS");
  if (source != NULL && address->sa_family == AF_INET) {
    const struct sockaddr_in *to = (const struct sockaddr_in *)address;
    struct sockaddr_in from = {.sin_family = AF_INET};
    if (ntohl(to->sin_addr.s_addr) >> 24 == 127 && inet_pton(AF_INET, source, &from.sin_addr) == 1) {
      int yes = 1;
      setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &yes, sizeof yes);
      if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) return -1;
    }
  }
  return real(fd, address, length);
}
