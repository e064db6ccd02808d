/* Taking more than one's share: of disk, memory, names, processes. */
#include "attack.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PIECE (1 << 20)

static int write_bytes(int file, long long bytes)
{
    static char piece[PIECE];
    memset(piece, 0x5a, sizeof piece);
    for (; bytes > 0; bytes -= PIECE) {
        if (write(file, piece, PIECE) != PIECE)
            return 0;
        usleep(1000);
    }
    return 1;
}

static int one_file(char **a)
{
    signal(SIGXFSZ, SIG_IGN);
    return write_bytes(open(a[0], O_WRONLY | O_CREAT, 0666), atoll(a[1]));
}

static int many_files(char **a)
{
    char path[4096];
    long long bytes = atoll(a[1]);
    for (int i = 0; bytes > 0; i++, bytes -= 4 * PIECE) {
        snprintf(path, sizeof path, "%s/f%d", a[0], i);
        int file = open(path, O_WRONLY | O_CREAT, 0666);
        if (!write_bytes(file, 4 * PIECE))
            return 0;
        close(file);
    }
    return 1;
}

/* Files that have no name any more, so that nobody who lists folders sees them. */
static int nameless_files(char **a)
{
    char path[4096];
    long long bytes = atoll(a[1]);
    for (int i = 0; bytes > 0; i++, bytes -= 16 * PIECE) {
        snprintf(path, sizeof path, "%s/f%d", a[0], i);
        int file = open(path, O_RDWR | O_CREAT, 0666);
        unlink(path);
        if (!write_bytes(file, 16 * PIECE))
            return 0;
    }
    return 1;
}

static int empty_files(char **a)
{
    char path[4096];
    for (int i = 0; i < atoi(a[1]); i++) {
        snprintf(path, sizeof path, "%s/e%d", a[0], i);
        int file = open(path, O_WRONLY | O_CREAT, 0666);
        if (file < 0)
            return 0;
        close(file);
    }
    return 1;
}

static int fork_bomb(char **a)
{
    static pid_t children[4096];
    int wanted = atoi(a[0]), made = 0, why = 0;
    for (; made < wanted; made++) {
        children[made] = fork();
        if (children[made] == 0) {
            pause();
            _exit(0);
        }
        if (children[made] < 0) {
            why = errno;
            break;
        }
    }
    printf("made %d\n", made);
    for (int i = 0; i < made; i++)
        kill(children[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
    errno = why;
    return made == wanted;
}

/* Every child forks again, and nobody waits. */
static int exploding_bomb(char **a)
{
    int rounds = atoi(a[0]);
    for (int i = 0; i < rounds; i++)
        fork();
    sleep(600);
    return 1;
}

static void *idle(void *nothing) { pause(); return nothing; }

static int threads(char **a)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 15);
    for (int i = 0; i < atoi(a[0]); i++) {
        pthread_t thread;
        if ((errno = pthread_create(&thread, &small, idle, NULL)))
            return 0;
    }
    return 1;
}

static int flood(char **a)
{
    static char line[4096];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (long long bytes = atoll(a[0]); bytes > 0; bytes -= sizeof line)
        if (write(1, line, sizeof line) < 0)
            return 0;
    return 1;
}

static int last(char **a) { sleep(atoi(a[0])); return 1; }

const struct attack filling_attacks[] = {
    {"one_file", one_file}, {"many_files", many_files}, {"nameless_files", nameless_files}, {"empty_files", empty_files},
    {"fork_bomb", fork_bomb}, {"exploding_bomb", exploding_bomb}, {"threads", threads}, {"flood", flood}, {"last", last},
    {NULL, NULL}};
