/** Numbers of a row: the kernel adds so many at once. */
export const SMALL_DIMS = 16;

/** A table of these rows, as the file has it; the numbers are from -1 to 1, those that are not given 0. */
export function tableOf(rows: readonly (readonly number[])[]): Buffer {
  const whole = rows.flatMap((row) => Array.from({ length: SMALL_DIMS }, (_, at) => row[at] ?? 0));
  const head = Buffer.alloc(16);
  head.write("CXSTAT01", "latin1");
  head.writeUInt32LE(rows.length, 8);
  head.writeUInt32LE(SMALL_DIMS, 12);
  const scales = Buffer.from(Float32Array.from(rows, () => 1 / 127).buffer);
  return Buffer.concat([head, scales, Buffer.from(Int8Array.from(whole, (n) => Math.round(n * 127)).buffer)]);
}
