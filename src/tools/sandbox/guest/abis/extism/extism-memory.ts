/**
 * The memory that an Extism plug-in shares with its host: blocks at offsets of an arena that is not the plug-in's own
 * memory. It belongs to one call: `clear` frees everything.
 *
 * guest.extism-memory.M1. An offset that the plug-in names is looked at before each use; what is outside of the arena
 *   is no place.
 * guest.extism-memory.M2. At most `ARENA_BYTES_MAX` bytes and `BLOCKS_MAX` blocks at once.
 */
const ARENA_BYTES_MAX = 64 * 1024 * 1024;
const BLOCKS_MAX = 65_536;
/** Offset 0 means "nothing" to plug-ins. */
const FIRST_OFFSET = 16;
const BLOCK_BYTES_MIN = 16;
const PIECE_BYTES = 64 * 1024;
/** Arenas of this size are kept for the next call, of any plug-in: as many as runs are likely to call at once. */
const SPARES_MAX = 64;

const spares: Buffer[] = [];

export class ExtismMemory {
  readonly #bytesMax: number;
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #top = FIRST_OFFSET;
  /** Where the part of the arena ends that may not be zero: a plug-in may write past its blocks. */
  #written = FIRST_OFFSET;
  readonly #blocks = new Map<number, number>();
  /** Blocks that were freed, by the room they have. */
  readonly #free = new Map<number, number[]>();

  /** `bytesMax` bounds what a plug-in may allocate in one call, below what any may. */
  constructor(bytesMax: number) {
    this.#bytesMax = Math.min(bytesMax, ARENA_BYTES_MAX);
  }

  /** A new block of that many bytes, all zero; undefined when there is no room for it. */
  allocate(length: number): number | undefined {
    if (length === 0 || length > this.#bytesMax || this.#blocks.size >= BLOCKS_MAX) return undefined;
    const room = roomFor(length);
    const reused = this.#free.get(room)?.pop();
    const offset = reused ?? this.#top;
    if (reused === undefined) {
      if (offset + room > this.#bytesMax + FIRST_OFFSET) return undefined;
      this.#top += room;
      this.#written = Math.max(this.#written, this.#top);
      if (this.#top > this.#bytes.length) this.#grow();
    } else this.#bytes.fill(0, offset, offset + room);
    this.#blocks.set(offset, length);
    return offset;
  }

  /** A new block with a text or bytes in it; 0 when they are empty, undefined when there is no room. */
  put(content: string | Uint8Array): number | undefined {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    if (bytes.length === 0) return 0;
    const offset = this.allocate(bytes.length);
    if (offset !== undefined) this.#bytes.set(bytes, offset);
    return offset;
  }

  free(offset: number): void {
    const length = this.#blocks.get(offset);
    if (length === undefined) return;
    this.#blocks.delete(offset);
    const room = roomFor(length);
    const list = this.#free.get(room);
    if (list === undefined) this.#free.set(room, [offset]);
    else list.push(offset);
  }

  /** Bytes of the block that begins there; 0 when none does. */
  lengthOf(offset: number): number {
    return this.#blocks.get(offset) ?? 0;
  }

  /** The block that begins there, not a copy; empty when none does. */
  block(offset: number): Buffer {
    return this.#bytes.subarray(offset, offset + this.lengthOf(offset));
  }

  /** Any part of the arena that is in use, not a copy; undefined when it is not all inside. */
  slice(offset: number, length: number): Buffer | undefined {
    return this.#holds(offset, length) ? this.#bytes.subarray(offset, offset + length) : undefined;
  }

  byte(offset: number): number | undefined {
    return this.#holds(offset, 1) ? this.#bytes[offset] : undefined;
  }

  word(offset: number): bigint | undefined {
    return this.#holds(offset, 8) ? this.#view.getBigUint64(offset, true) : undefined;
  }

  /** False when the place is outside. */
  setByte(offset: number, value: number): boolean {
    if (!this.#holds(offset, 1)) return false;
    this.#bytes[offset] = value;
    this.#written = Math.max(this.#written, offset + 1);
    return true;
  }

  setWord(offset: number, value: bigint): boolean {
    if (!this.#holds(offset, 8)) return false;
    this.#view.setBigUint64(offset, value, true);
    this.#written = Math.max(this.#written, offset + 8);
    return true;
  }

  clear(): void {
    if (this.#bytes.length === PIECE_BYTES && spares.length < SPARES_MAX) {
      spares.push(this.#bytes.fill(0, 0, this.#written));
    }
    this.#written = FIRST_OFFSET;
    this.#hold(Buffer.alloc(0));
    this.#top = FIRST_OFFSET;
    this.#blocks.clear();
    this.#free.clear();
  }

  /** Words may be read up to the arena's end: plug-ins copy by eight bytes, past the end of what they were given. */
  #holds(offset: number, length: number): boolean {
    return offset >= 0 && offset + length <= this.#bytes.length;
  }

  #grow(): void {
    const bytes = Math.max(PIECE_BYTES, 2 ** Math.ceil(Math.log2(this.#top)));
    const grown = bytes === PIECE_BYTES ? (spares.pop() ?? Buffer.alloc(bytes)) : Buffer.alloc(bytes);
    this.#bytes.copy(grown);
    this.#hold(grown);
  }

  #hold(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

const roomFor = (length: number): number => Math.max(BLOCK_BYTES_MIN, 2 ** Math.ceil(Math.log2(length)));
