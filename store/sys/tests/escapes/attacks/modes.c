/* Making files whose mode or attributes give rights to who runs them, in every way that there is. */
#include "attack.h"
#include <linux/openat2.h>
#include <sys/xattr.h>

#define PLAIN 0755

static mode_t bit = S_ISUID;

/* Whether a file with the bit is there now. */
static int has_bit(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && (found.st_mode & bit);
}

static int plain(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT, PLAIN);
    return file;
}

static int by_chmod(char **a) { plain(a[0]); return chmod(a[0], bit | PLAIN) == 0 && has_bit(a[0]); }
static int by_fchmod(char **a) { return fchmod(plain(a[0]), bit | PLAIN) == 0 && has_bit(a[0]); }
static int by_fchmodat(char **a) { plain(a[0]); return syscall(SYS_fchmodat, AT_FDCWD, a[0], bit | PLAIN) == 0 && has_bit(a[0]); }
static int by_fchmodat2(char **a) { plain(a[0]); return syscall(452, AT_FDCWD, a[0], bit | PLAIN, 0) == 0 && has_bit(a[0]); }
static int by_open(char **a) { return syscall(SYS_open, a[0], O_WRONLY | O_CREAT, bit | PLAIN) >= 0 && has_bit(a[0]); }
static int by_openat(char **a) { return syscall(SYS_openat, AT_FDCWD, a[0], O_WRONLY | O_CREAT, bit | PLAIN) >= 0 && has_bit(a[0]); }
static int by_creat(char **a) { return syscall(SYS_creat, a[0], bit | PLAIN) >= 0 && has_bit(a[0]); }
static int by_mknod(char **a) { return syscall(SYS_mknod, a[0], S_IFREG | bit | PLAIN, 0) == 0 && has_bit(a[0]); }
static int by_mknodat(char **a) { return syscall(SYS_mknodat, AT_FDCWD, a[0], S_IFREG | bit | PLAIN, 0) == 0 && has_bit(a[0]); }

static int by_openat2(char **a)
{
    struct open_how how = {.flags = O_WRONLY | O_CREAT, .mode = bit | PLAIN};
    return syscall(SYS_openat2, AT_FDCWD, a[0], &how, sizeof how) >= 0 && has_bit(a[0]);
}

/* A file without a name, which is then given one. */
static int by_tmpfile(char **a)
{
    char folder[4096], found[64];
    snprintf(folder, sizeof folder, "%s", a[0]);
    *strrchr(folder, '/') = 0;
    int file = syscall(SYS_openat, AT_FDCWD, folder, O_TMPFILE | O_RDWR, bit | PLAIN);
    if (file < 0)
        return 0;
    snprintf(found, sizeof found, "/proc/self/fd/%d", file);
    return linkat(AT_FDCWD, found, AT_FDCWD, a[0], AT_SYMLINK_FOLLOW) == 0 && has_bit(a[0]);
}

/* By the numbers of 32-bit programs. */
static int by_int80(char **a)
{
#ifdef __x86_64__
    /* Needs the path below 4 GiB, where a static program has its own data. */
    static char low[4096];
    long result;
    plain(a[0]);
    strncpy(low, a[0], sizeof low - 1);
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(15), "b"(low), "c"(bit | PLAIN) : "memory");
    errno = -result;
    return result == 0 && has_bit(a[0]);
#else
    return 0;
#endif
}

static int setgid_bit(char **a) { bit = S_ISGID; return by_chmod(a); }

static int by_setxattr(char **a) { plain(a[0]); return WENT(setxattr(a[0], "user.escape", "1", 1, 0)); }
static int by_fsetxattr(char **a) { return WENT(fsetxattr(plain(a[0]), "user.escape", "1", 1, 0)); }
static int by_lsetxattr(char **a) { plain(a[0]); return WENT(lsetxattr(a[0], "user.escape", "1", 1, 0)); }

static int by_setxattrat(char **a)
{
    struct { unsigned long long value; unsigned size, flags; } set = {(unsigned long long)"1", 1, 0};
    plain(a[0]);
    return WENT(syscall(463, AT_FDCWD, a[0], 0, "user.escape", &set, sizeof set));
}

/* A file that gives `CAP_SYS_ADMIN` to who runs it. */
static int capability(char **a)
{
    unsigned value[5] = {0x02000001, 1 << 21, 0, 0, 0};
    plain(a[0]);
    return WENT(setxattr(a[0], "security.capability", value, sizeof value, 0));
}

static int mode(char **a)
{
    struct stat found;
    mode_t wanted = strtol(a[1], NULL, 8);
    return chmod(a[0], wanted) == 0 && stat(a[0], &found) == 0 && (found.st_mode & 07777) == wanted;
}

const struct attack mode_attacks[] = {
    {"setuid_by_chmod", by_chmod}, {"setuid_by_fchmod", by_fchmod}, {"setuid_by_fchmodat", by_fchmodat},
    {"setuid_by_fchmodat2", by_fchmodat2}, {"setuid_by_open", by_open}, {"setuid_by_openat", by_openat},
    {"setuid_by_creat", by_creat}, {"setuid_by_mknod", by_mknod}, {"setuid_by_mknodat", by_mknodat},
    {"setuid_by_openat2", by_openat2}, {"setuid_by_tmpfile", by_tmpfile}, {"setuid_by_int80", by_int80}, {"setgid", setgid_bit},
    {"setxattr", by_setxattr}, {"fsetxattr", by_fsetxattr}, {"lsetxattr", by_lsetxattr}, {"setxattrat", by_setxattrat},
    {"capability", capability}, {"mode", mode}, {NULL, NULL}};
