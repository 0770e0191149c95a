/* Tries one system call that no function should get, and prints the name of the error, or "done". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static char attributes[256];

static long in_clone3(void) {
  unsigned long long args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  long pid = syscall(SYS_clone3, args, sizeof args);
  if (pid == 0) _exit(0);
  return pid;
}

static long in_clone(unsigned long flags) {
  long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return pid;
}

/* Types into the terminal of another process, where there is one. */
static long push(void) {
  return syscall(SYS_ioctl, 0, 0x5412L /* TIOCSTI */, "x");
}

/* The way out of a chroot that works for whoever may chroot twice. */
static long twice_chroot(void) {
  mkdir("/tmp/out", 0700);
  int here = open("/", O_DIRECTORY);
  if (chroot("/tmp/out") == -1) return -1;
  fchdir(here);
  for (int n = 0; n < 64; n++) chdir("..");
  return chroot(".");
}

static long trace_first(void) {
  return ptrace(PTRACE_SEIZE, 1, 0, 0);
}

static long open_by_handle(void) {
  struct { unsigned bytes; int type; unsigned long long inode; } handle = {8, 1, 2};
  return syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY);
}

static long setns_of_first(int flags) {
  int fd = open("/proc/1/ns/mnt", O_RDONLY);
  return fd == -1 ? -1 : setns(fd, flags);
}

static long raise_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
  return syscall(SYS_capset, &header, data);
}

#define TRY(name, call) if (strcmp(what, name) == 0) return (call)

static long attack(const char *what) {
  TRY("getpid", syscall(SYS_getpid));
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, 0));
  TRY("bind mount", mount("/usr", "/tmp", 0, MS_BIND, 0));
  TRY("remount", mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0));
  TRY("umount", umount2("/proc/kcore", MNT_DETACH));
  TRY("new mount", syscall(SYS_fsopen, "tmpfs", 0));
  TRY("open tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
  TRY("pivot root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
  TRY("chroot", twice_chroot());
  TRY("ptrace", trace_first());
  TRY("unshare user", unshare(CLONE_NEWUSER));
  TRY("unshare mount", unshare(CLONE_NEWNS));
  TRY("unshare network", unshare(CLONE_NEWNET));
  TRY("clone user", in_clone(CLONE_NEWUSER));
  TRY("clone3 user", in_clone3());
  TRY("setns", setns_of_first(CLONE_NEWNS));
  TRY("bpf", syscall(SYS_bpf, 0, attributes, sizeof attributes));
  TRY("perf", syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
  TRY("keyctl", syscall(SYS_keyctl, 1, 0, 0, 0, 0));
  TRY("add key", syscall(SYS_add_key, "user", "k", "v", 1, -3));
  TRY("request key", syscall(SYS_request_key, "user", "k", 0, -3));
  TRY("userfaultfd", syscall(SYS_userfaultfd, 0));
  TRY("io_uring", syscall(SYS_io_uring_setup, 4, attributes));
  TRY("init module", syscall(SYS_init_module, attributes, 8, ""));
  TRY("finit module", syscall(SYS_finit_module, 0, "", 0));
  TRY("kexec", syscall(SYS_kexec_load, 0, 0, 0, 0));
  TRY("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0));
  TRY("open by handle", open_by_handle());
  TRY("read memory", syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 1));
  TRY("device node", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)));
  TRY("memory node", mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)));
  TRY("raw socket", socket(AF_INET, SOCK_RAW, 1));
  TRY("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("vsock", socket(40, SOCK_STREAM, 0));
  TRY("setuid", setuid(0));
  TRY("setgroups", syscall(SYS_setgroups, 0, 0));
  TRY("capset", raise_capabilities());
  TRY("host name", sethostname("x", 1));
  TRY("clock", syscall(SYS_clock_settime, 0, attributes));
  TRY("swap", syscall(SYS_swapon, "/tmp/x", 0));
  TRY("quota", syscall(SYS_quotactl, 0, 0, 0, 0));
  TRY("syslog", syscall(SYS_syslog, 3, attributes, 16));
  TRY("iopl", syscall(SYS_iopl, 3));
  TRY("terminal", push());
  TRY("kill-all", kill(-1, SIGTERM));
  errno = ENOSYS;
  printf("no such attack: ");
  return -1;
}

int main(int count, char **args) {
  if (count > 1 && strcmp(args[1], "kill-all") == 0) signal(SIGTERM, SIG_IGN);
  long result = attack(count > 1 ? args[1] : "");
  puts(result == -1 ? strerrorname_np(errno) : "done");
  return 0;
}
