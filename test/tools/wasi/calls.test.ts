import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const text = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** The functions of wasi_snapshot_preview1. */
const CALLS = [
  "args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get random_get poll_oneoff",
  "sched_yield proc_exit proc_raise sock_accept sock_recv sock_send sock_shutdown",
  "fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get",
  "fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read fd_readdir",
  "fd_renumber fd_seek fd_sync fd_tell fd_write",
  "path_create_directory path_filestat_get path_filestat_set_times path_link path_open path_readlink",
  "path_remove_directory path_rename path_symlink path_unlink_file",
]
  .join(" ")
  .split(" ")
  .toSorted();

test("every call of WASI is there and described, and no other", () => {
  const known = [...text("src/tools/sandbox/wasi/imports.ts").matchAll(/^ {2}([a-z]+_[a-z_]+):/gm)].map(
    ([, name]) => name ?? "",
  );
  expect(known.toSorted()).toEqual(CALLS);
  const rows = text("docs/tools/wasi.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const described = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ""),
  );
  expect(described.toSorted()).toEqual(CALLS);
});
