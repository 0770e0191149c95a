/**
 * The system calls that sandboxed code may make: what ordinary programs need, and nothing that
 * reaches for the kernel's administration. An allowlist, so a call that a later kernel brings is
 * refused until somebody has thought about it.
 *
 * As strict as the usual default of container runtimes, and stricter in this: no io_uring, no
 * userfaultfd, no ptrace, no process_vm_*, no keyrings, no name_to_handle, no namespaces by any way.
 * A user namespace of its own without capabilities stands behind it: this is the second wall.
 */

const EPERM = 1;
const ENOSYS = 38;

/** Flags of clone(2) that make a namespace: new mount, cgroup, uts, ipc, user, pid, net, time. */
const CLONE_NEW = 0x7e020080;
/** personality(2): what a program of this machine is born with, and what `setarch` commonly asks for. */
const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];
/**
 * Families of socket(2): Unix, IPv4, IPv6, and netlink, by which a program lists its own network
 * interfaces. Not the kernel's own doors: packets, its cryptography, virtual machines, Bluetooth, …
 */
const FAMILIES = [1, 2, 10, 16];

const FILES = `access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat
  faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl
  fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64
  fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init
  inotify_init1 inotify_rm_watch lchown lchown32 lgetxattr link linkat listxattr llistxattr _llseek lremovexattr
  lseek lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstatat open openat openat2 pread64 preadv preadv2
  pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr rename renameat renameat2 rmdir
  sendfile sendfile64 setxattr splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range
  syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write
  writev`;

const MEMORY = `brk get_mempolicy madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock
  mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free
  pkey_mprotect remap_file_pages set_mempolicy shmat shmctl shmdt shmget`;

const PROCESSES = `alarm arch_prctl capget capset execve execveat exit exit_group fork getcpu getegid getegid32
  geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getpriority getresgid
  getresgid32 getresuid getresuid32 getrlimit get_robust_list getrusage getsid get_thread_area gettid getuid
  getuid32 ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self
  modify_ldt pause pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending
  rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
  rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max
  sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
  sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp setfsgid setfsgid32
  setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32
  setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid
  set_thread_area set_tid_address setuid setuid32 sigaltstack sigprocmask sigreturn sysinfo tgkill time times
  tkill uname vfork wait4 waitid waitpid`;

const WAITING = `clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
  clock_nanosleep_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
  epoll_wait_old eventfd eventfd2 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake getitimer
  getrandom gettimeofday io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit
  ioctl nanosleep _newselect pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd
  signalfd4 timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime
  timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64`;

const TALKING = `accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify
  mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv
  msgsnd recv recvfrom recvmmsg recvmmsg_time64 recvmsg semctl semget semop semtimedop semtimedop_time64 send
  sendmmsg sendmsg sendto setsockopt shutdown socketpair`;

interface Argument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const allow = (names: readonly string[], args?: readonly Argument[]) => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  ...(args === undefined ? {} : { args }),
});

const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64'],
  arm64: ['SCMP_ARCH_AARCH64'],
};

/**
 * The profile in the form of the OCI runtime specification.
 *
 * Other architectures' calls (32-bit programs on x64) are not listed, so the kernel kills a program
 * that makes one: no function of a runtime that we have needs them, and their table is older and wider.
 *
 * @param arch as `process.arch` names it
 */
export function seccompProfile(arch: string): object {
  const masked = { index: 0, value: CLONE_NEW, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' } as const;
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: ARCHITECTURES[arch] ?? [],
    syscalls: [
      allow([FILES, MEMORY, PROCESSES, WAITING, TALKING].flatMap(words)),
      allow(['clone'], [masked]),
      // Its flags lie in memory, where no filter can look: as absent, so that libraries fall back to clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
      ...PERSONALITIES.map((value) => allow(['personality'], [{ index: 0, value, op: 'SCMP_CMP_EQ' }])),
      ...FAMILIES.map((value) => allow(['socket'], [{ index: 0, value, op: 'SCMP_CMP_EQ' }])),
    ],
  };
}
