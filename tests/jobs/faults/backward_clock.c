/* A time of day that goes backwards: preloaded, it mirrors each reading of the clock at the moment that
   BACKWARD_CLOCK holds, in seconds since 1970, and makes it pass a thousand times as fast. Without that
   variable, and for all other clocks, readings are true. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SPEED 1000
#define NANO 1000000000LL

int clock_gettime(clockid_t clock, struct timespec *found)
{
    const char *mirror = getenv("BACKWARD_CLOCK");
    int failed = syscall(SYS_clock_gettime, clock, found) != 0;
    if (!failed && mirror && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        long long since = found->tv_sec * NANO + found->tv_nsec - atoll(mirror) * NANO;
        long long shown = atoll(mirror) * NANO - SPEED * since;
        found->tv_sec = shown / NANO;
        found->tv_nsec = shown % NANO;
    }
    return failed ? -1 : 0;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    found->tv_sec = precise.tv_sec;
    found->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *found)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (found)
        *found = precise.tv_sec;
    return precise.tv_sec;
}
