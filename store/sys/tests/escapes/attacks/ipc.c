/* Objects of System V and POSIX that are known by name in a whole IPC namespace. */
#include "attack.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int make(char **a)
{
    key_t key = atoi(a[1]);
    switch (a[0][0]) {
    case 'm': return WENT(msgget(key, IPC_CREAT | 0666));
    case 's': return WENT(shmget(key, 4096, IPC_CREAT | 0666));
    case 'e': return WENT(semget(key, 1, IPC_CREAT | 0666));
    case 'q': return WENT(mq_open(a[1], O_CREAT | O_RDWR, 0666, NULL));
    default: return WENT(shm_open(a[1], O_CREAT | O_RDWR, 0666));
    }
}

static int find(char **a)
{
    key_t key = atoi(a[1]);
    switch (a[0][0]) {
    case 'm': return WENT(msgget(key, 0));
    case 's': return WENT(shmget(key, 0, 0));
    case 'e': return WENT(semget(key, 0, 0));
    case 'q': return WENT(mq_open(a[1], O_RDWR));
    default: return WENT(shm_open(a[1], O_RDWR, 0));
    }
}

static int drop(char **a)
{
    key_t key = atoi(a[1]);
    switch (a[0][0]) {
    case 'm': return WENT(msgctl(msgget(key, 0), IPC_RMID, NULL));
    case 's': return WENT(shmctl(shmget(key, 0, 0), IPC_RMID, NULL));
    case 'e': return WENT(semctl(semget(key, 0, 0), 0, IPC_RMID));
    case 'q': return WENT(mq_unlink(a[1]));
    default: return WENT(shm_unlink(a[1]));
    }
}

const struct attack ipc_attacks[] = {{"ipc_make", make}, {"ipc_find", find}, {"ipc_drop", drop}, {NULL, NULL}};
