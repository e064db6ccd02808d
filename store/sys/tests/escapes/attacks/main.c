/* Attacks on a sandbox, each by its name: `attack NAME ARGUMENTS…`.
   Exit 0: it came through. Exit 1: it was refused, and standard output says why. Exit 2: there is no such attack. */
#include "attack.h"

int holds(int file, const char *text)
{
    static char bytes[1 << 16];
    size_t length = 0;
    ssize_t count;
    if (file < 0)
        return 0;
    while (length < sizeof bytes - 1 && (count = read(file, bytes + length, sizeof bytes - 1 - length)) > 0)
        length += count;
    close(file);
    errno = ENODATA;
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

pid_t process(const char *name)
{
    if (strcmp(name, "parent") == 0)
        return getppid();
    if (strcmp(name, "self") == 0)
        return getpid();
    return atoi(name);
}

int main(int count, char **argument)
{
    const struct attack *all[] = {file_attacks, mode_attacks, network_attacks, kernel_attacks, process_attacks, ipc_attacks, filling_attacks};
    /* A lost argument must not look like a refusal. */
    static char *padded[16];
    for (int i = 2; i < count && i < 14; i++)
        padded[i - 2] = argument[i];
    for (size_t list = 0; count > 1 && list < sizeof all / sizeof *all; list++)
        for (const struct attack *one = all[list]; one->name; one++)
            if (strcmp(one->name, argument[1]) == 0) {
                errno = 0;
                int through = one->run(padded);
                printf("%s: %s\n", one->name, through ? "came through" : strerror(errno));
                return through ? 0 : 1;
            }
    printf("there is no such attack\n");
    return 2;
}
