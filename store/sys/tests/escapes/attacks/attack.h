/* What the attacks share. An attack returns whether it came through; where it did not, errno says why. */
#ifndef ATTACK_H
#define ATTACK_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

struct attack {
    const char *name;
    int (*run)(char **argument);
};

extern const struct attack file_attacks[], mode_attacks[], network_attacks[], kernel_attacks[], process_attacks[], ipc_attacks[],
    filling_attacks[];

/* Whether a call succeeded. */
#define WENT(call) ((call) >= 0)

/* Whether the file can be read and has this text in it. */
int holds(int file, const char *text);
/* The process of this name: a number, `parent` or `self`. */
pid_t process(const char *name);

#endif
