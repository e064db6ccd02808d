/* Asking the kernel for what changes more than the sandbox. */
#include "attack.h"
#include <linux/bpf.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <termios.h>
#include <sys/ioctl.h>
#include <time.h>

static int mount_tmpfs(char **a) { return WENT(mount("none", a[0], "tmpfs", 0, NULL)); }
static int mount_proc(char **a) { return WENT(mount("proc", a[0], "proc", 0, NULL)); }
static int mount_bind(char **a) { return WENT(mount(a[0], a[1], NULL, MS_BIND, NULL)); }
static int remount(char **a) { return WENT(mount(NULL, a[0], NULL, MS_REMOUNT | MS_BIND, NULL)); }
static int unmount(char **a) { return WENT(umount2(a[0], MNT_DETACH)); }
static int new_file_system(char **a) { (void)a; return WENT(syscall(SYS_fsopen, "tmpfs", 0)); }
static int clone_mount(char **a) { return WENT(syscall(SYS_open_tree, AT_FDCWD, a[0], 1 /* OPEN_TREE_CLONE */)); }
static int clone_mount_attr(char **a)
{
    struct mount_attr attributes = {0};
    return WENT(syscall(467, AT_FDCWD, a[0], 1, &attributes, sizeof attributes));
}
static int open_mount(char **a)
{
    struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
    return WENT(syscall(SYS_mount_setattr, AT_FDCWD, a[0], 0, &attributes, sizeof attributes));
}
static int pivot(char **a) { return WENT(syscall(SYS_pivot_root, a[0], a[0])); }

static int new_namespace(char **a) { return WENT(unshare((int)strtol(a[0], NULL, 0))); }

static int clone_namespace(char **a)
{
    long child = syscall(SYS_clone, strtol(a[0], NULL, 0) | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    return child > 0;
}

static int clone3_namespace(char **a)
{
    struct clone_args arguments = {.flags = strtol(a[0], NULL, 0), .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(0);
    return child > 0;
}

static int join_namespace(char **a)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", process(a[0]), a[1]);
    int file = open(path, O_RDONLY);
    return file >= 0 && setns(file, 0) == 0;
}

static int join_by_pidfd(char **a)
{
    int file = syscall(SYS_pidfd_open, process(a[0]), 0);
    return file >= 0 && setns(file, CLONE_NEWNET) == 0;
}

static int load_bpf(char **a)
{
    (void)a;
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return WENT(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
}

static int perf(char **a)
{
    (void)a;
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_CPU_CLOCK};
    return WENT(syscall(SYS_perf_event_open, &event, -1, 0, -1, 0));
}

static int fault_handler(char **a) { (void)a; return WENT(syscall(SYS_userfaultfd, 0)); }
static int ring(char **a) { (void)a; static char parameters[120]; return WENT(syscall(SYS_io_uring_setup, 1, parameters)); }

/* A key that whoever started the sandbox holds in the session's keyring. */
static int session_key(char **a)
{
    static char value[64];
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", a[0], 0);
    return key >= 0 && syscall(SYS_keyctl, KEYCTL_READ, key, value, sizeof value) > 0 && strstr(value, a[1]);
}
static int requested_key(char **a) { return WENT(syscall(SYS_request_key, "user", a[0], NULL, 0)); }
static int new_key(char **a) { return WENT(syscall(SYS_add_key, "user", a[0], "x", 1, KEY_SPEC_PROCESS_KEYRING)); }

/* Starts a program whose session has a keyring of its own with one key: not an attack but the scene of some. */
static int with_session_key(char **a)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
        return 0;
    if (syscall(SYS_add_key, "user", a[0], a[1], strlen(a[1]), KEY_SPEC_SESSION_KEYRING) < 0)
        return 0;
    return WENT(execv(a[2], a + 2));
}

static int accounting(char **a) { (void)a; return WENT(acct(NULL)); }
static int host_name(char **a) { return WENT(sethostname(a[0], strlen(a[0]))); }
static int kernel_log(char **a) { (void)a; static char line[4096]; return WENT(klogctl(3, line, sizeof line)); }
static int port_level(char **a) { (void)a; return WENT(iopl(3)); }
static int watch_all(char **a) { (void)a; return WENT(fanotify_init(FAN_CLASS_CONTENT, O_RDONLY)); }
static int swap_off(char **a) { swapoff(a[0]); return errno != EPERM && errno != ENOSYS; }
static int compare(char **a) { return WENT(syscall(SYS_kcmp, process(a[0]), getpid(), KCMP_FILES, 0, 0)); }

static int set_clock(char **a)
{
    (void)a;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return WENT(clock_settime(CLOCK_REALTIME, &now));
}

/* Puts a command into the input of who reads the terminal. */
static int type_into_terminal(char **a)
{
    (void)a;
    char slave[64], letter = 'x';
    int number, unlock = 0, master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
        return 0;
    snprintf(slave, sizeof slave, "/dev/pts/%d", number);
    if (fork() != 0) {
        int status;
        wait(&status);
        errno = WEXITSTATUS(status);
        return status == 0;
    }
    setsid();
    int terminal = open(slave, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) < 0 || ioctl(terminal, TIOCSTI, &letter) < 0)
        _exit(errno);
    _exit(0);
}

const struct attack kernel_attacks[] = {
    {"mount_tmpfs", mount_tmpfs}, {"mount_proc", mount_proc}, {"mount_bind", mount_bind}, {"remount", remount},
    {"unmount", unmount}, {"new_file_system", new_file_system}, {"clone_mount", clone_mount},
    {"clone_mount_attr", clone_mount_attr}, {"open_mount", open_mount}, {"pivot", pivot}, {"new_namespace", new_namespace},
    {"clone_namespace", clone_namespace}, {"clone3_namespace", clone3_namespace}, {"join_namespace", join_namespace},
    {"join_by_pidfd", join_by_pidfd}, {"load_bpf", load_bpf}, {"perf", perf}, {"fault_handler", fault_handler},
    {"ring", ring}, {"session_key", session_key}, {"requested_key", requested_key}, {"new_key", new_key},
    {"with_session_key", with_session_key}, {"accounting", accounting}, {"host_name", host_name}, {"kernel_log", kernel_log},
    {"port_level", port_level}, {"watch_all", watch_all}, {"swap_off", swap_off}, {"compare", compare},
    {"set_clock", set_clock}, {"type_into_terminal", type_into_terminal}, {NULL, NULL}};
