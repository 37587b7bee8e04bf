/** A table of these rows, as the file has it; the numbers are from -1 to 1. */
export function tableOf(rows: readonly (readonly number[])[]): Buffer {
  const dims = rows[0]?.length ?? 0;
  const head = Buffer.alloc(16);
  head.write("CXSTAT01", "latin1");
  head.writeUInt32LE(rows.length, 8);
  head.writeUInt32LE(dims, 12);
  const scales = Buffer.from(Float32Array.from(rows, () => 1 / 127).buffer);
  return Buffer.concat([head, scales, Buffer.from(Int8Array.from(rows.flat(), (n) => Math.round(n * 127)).buffer)]);
}
