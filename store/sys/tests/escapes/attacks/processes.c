/* Reaching processes of the host, outliving the build, becoming somebody else. */
#include "attack.h"
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* At the same address in every run: the program is static and not moved. */
static volatile char memory[64];

/* A process of the host: a word in its memory, a file open as descriptor 9. Ends with its standard input. */
static int victim(char **a)
{
    char byte;
    strcpy((char *)memory, a[0]);
    dup2(open(a[1], O_RDONLY), 9);
    printf("ready\n");
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    return 1;
}

static int signal_to(char **a) { return WENT(kill(process(a[0]), atoi(a[1]))); }
static int signal_to_group(char **a) { return WENT(killpg(process(a[0]), atoi(a[1]))); }
static int signal_by_pidfd(char **a)
{
    int file = syscall(SYS_pidfd_open, process(a[0]), 0);
    return file >= 0 && syscall(SYS_pidfd_send_signal, file, atoi(a[1]), NULL, 0) == 0;
}
static int trace(char **a) { return WENT(ptrace(PTRACE_SEIZE, process(a[0]), NULL, NULL)); }

static int read_memory(char **a)
{
    char found[64] = "";
    struct iovec here = {found, sizeof found - 1}, there = {(void *)memory, sizeof found - 1};
    return process_vm_readv(process(a[0]), &here, 1, &there, 1, 0) > 0 && strcmp(found, a[1]) == 0;
}

static int write_memory(char **a)
{
    char bytes[8] = "escaped";
    struct iovec here = {bytes, sizeof bytes}, there = {(void *)(memory + 32), sizeof bytes};
    return process_vm_writev(process(a[0]), &here, 1, &there, 1, 0) == sizeof bytes;
}

static int take_descriptor(char **a)
{
    int file = syscall(SYS_pidfd_open, process(a[0]), 0);
    return file >= 0 && holds(syscall(SYS_pidfd_getfd, file, 9, 0), a[1]);
}

static int limit_of(char **a)
{
    struct rlimit found;
    return WENT(prlimit(process(a[0]), RLIMIT_NOFILE, NULL, &found)) && WENT(prlimit(process(a[0]), RLIMIT_CORE, &(struct rlimit){0, 0}, NULL));
}

/* Leaves a process that writes a file some time after its parents are gone. */
static int outlive(char **a)
{
    if (fork() != 0)
        return 1;
    setsid();
    if (fork() != 0)
        _exit(0);
    for (int i = 1; i <= 64; i++)
        signal(i, SIG_IGN);
    if (strcmp(a[2], "stopped") == 0 && fork() == 0) {
        kill(getppid(), SIGSTOP);
        usleep(20 * 1000);
        kill(getppid(), SIGCONT);
        _exit(0);
    }
    if (strcmp(a[2], "silent") == 0)
        for (int file = 0; file < 3; file++)
            close(file);
    usleep(atoi(a[1]) * 1000);
    creat(a[0], 0666);
    _exit(0);
}

/* Leaves a process, and then stays itself. */
static int both(char **a)
{
    outlive(a + 1);
    sleep(600);
    return 1;
}

static int become_root(char **a) { (void)a; return WENT(setresuid(0, 0, 0)); }
static int drop_groups(char **a) { (void)a; return WENT(setgroups(0, NULL)); }
static int run_as_owner(char **a) { return WENT(execl(a[0], a[0], "is_root", NULL)); }
static int is_root(char **a) { (void)a; errno = EPERM; return geteuid() == 0; }

static int raise_capabilities(char **a)
{
    (void)a;
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct all[2] = {{1 << 21, 1 << 21, 0}, {0, 0, 0}};
    return WENT(syscall(SYS_capset, &head, all));
}

static int be_real_time(char **a) { (void)a; struct sched_param now = {1}; return WENT(sched_setscheduler(0, SCHED_FIFO, &now)); }
static int go_before_others(char **a) { (void)a; errno = 0; return setpriority(PRIO_PROCESS, 0, -5) == 0; }
static int survive_memory(char **a)
{
    (void)a;
    int file = open("/proc/self/oom_score_adj", O_WRONLY);
    return file >= 0 && write(file, "-900", 4) == 4;
}

const struct attack process_attacks[] = {
    {"victim", victim}, {"signal", signal_to}, {"signal_group", signal_to_group}, {"signal_by_pidfd", signal_by_pidfd},
    {"trace", trace}, {"read_memory", read_memory}, {"write_memory", write_memory}, {"take_descriptor", take_descriptor},
    {"limit_of", limit_of}, {"outlive", outlive}, {"both", both}, {"become_root", become_root}, {"drop_groups", drop_groups},
    {"run_as_owner", run_as_owner}, {"is_root", is_root}, {"raise_capabilities", raise_capabilities},
    {"be_real_time", be_real_time}, {"go_before_others", go_before_others}, {"survive_memory", survive_memory}, {NULL, NULL}};
