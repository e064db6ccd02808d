/* Talking to who is not in the sandbox. */
#include "attack.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return at;
}

static int tcp(char **a)
{
    struct sockaddr_in at = loopback(a[0]);
    return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at) == 0;
}

static int udp(char **a)
{
    struct sockaddr_in at = loopback(a[0]);
    return sendto(socket(AF_INET, SOCK_DGRAM, 0), "escaped", 7, 0, (struct sockaddr *)&at, sizeof at) == 7;
}

static int tcp6(char **a)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(a[0])), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at) == 0;
}

static int unix_socket(const char *name, int is_abstract)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(at.sun_path + is_abstract, name, length);
    return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&at, offsetof(struct sockaddr_un, sun_path) + is_abstract + length) == 0;
}

static int abstract_socket(char **a) { return unix_socket(a[0], 1); }
static int path_socket(char **a) { return unix_socket(a[0], 0); }
static int raw_socket(char **a) { return WENT(socket(atoi(a[0]), atoi(a[1]), atoi(a[2]))); }

static int port_in_proc(char **a)
{
    char text[16];
    snprintf(text, sizeof text, ":%04X ", atoi(a[0]));
    return holds(open("/proc/net/tcp", O_RDONLY), text);
}

static int interface_up(char **a)
{
    struct ifreq request = {.ifr_flags = IFF_UP};
    strcpy(request.ifr_name, a[0]);
    return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &request) == 0;
}

static int interface_known(char **a) { return if_nametoindex(a[0]) != 0; }

const struct attack network_attacks[] = {
    {"tcp", tcp}, {"tcp6", tcp6}, {"udp", udp}, {"abstract_socket", abstract_socket}, {"path_socket", path_socket},
    {"socket", raw_socket}, {"port_in_proc", port_in_proc}, {"interface_up", interface_up},
    {"interface_known", interface_known}, {NULL, NULL}};
