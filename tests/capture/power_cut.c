/* What a power cut would leave on disk, as badly as it may be: preloaded into a program, this copies each file under
 * CUT_ROOT into CUT_IMAGE when the program, or a library such as SQLite, syncs it. What was never synced is not there;
 * what is deleted is gone at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int image_of(const char *path, char *image) {
    const char *root = getenv("CUT_ROOT"), *target = getenv("CUT_IMAGE");
    if (!root || !target || strncmp(path, root, strlen(root)) != 0) return 0;
    snprintf(image, PATH_MAX, "%s%s", target, path + strlen(root));
    return 1;
}

static void make_parents(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

static void copy(int fd) {
    char link[64], path[PATH_MAX], image[PATH_MAX], young[PATH_MAX + 8], buffer[1 << 16];
    struct stat status;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode)) return;
    path[length] = 0;
    if (access(path, F_OK) || !image_of(path, image)) return; /* deleted meanwhile, or none of ours */
    make_parents(image);
    snprintf(young, sizeof young, "%s.young", image);
    int to = open(young, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    off_t at = 0;
    ssize_t size;
    /* Read from this very descriptor: closing another one of a database would free the locks that SQLite holds on it. */
    while (to >= 0 && (size = pread(fd, buffer, sizeof buffer, at)) > 0) {
        if (write(to, buffer, size) != size) abort();
        at += size;
    }
    close(to);
    ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(young, image);
}

static int synced(const char *name, int fd) {
    int result = ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
    if (result == 0) {
        pthread_mutex_lock(&lock);
        copy(fd);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

int unlink(const char *path) {
    char image[PATH_MAX];
    int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
    int result = real(path);
    if (result == 0 && image_of(path, image)) real(image);
    return result;
}

int rename(const char *from, const char *to) {
    char old[PATH_MAX], new[PATH_MAX];
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    int result = real(from, to);
    if (result == 0 && image_of(from, old) && image_of(to, new)) real(old, new);
    return result;
}
