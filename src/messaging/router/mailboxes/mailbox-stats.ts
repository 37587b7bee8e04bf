const ROOM_MIN = 256;

/**
 * Statistics of all mailboxes, by number, in columns: a choice among many reads adjacent numbers instead of
 * at each mailbox's own memory.
 */
export class MailboxStats {
  /** Open deliveries: reserved, queued, held, leased and retrying. */
  messages = new Uint32Array(ROOM_MIN);
  /** Moving averages of how long a delivery takes; 0 before the first. */
  averageMs = new Float64Array(ROOM_MIN);
  /** 1 for mailboxes that may not be available, paused or with a breaker that is not closed: they are checked in full. */
  suspectFlags = new Uint8Array(ROOM_MIN);

  /** Makes room for this number. */
  ensureCapacity(number: number): void {
    const room = this.messages.length;
    if (number < room) return;
    const more = Math.max(number + 1, room * 2);
    this.messages = grown(new Uint32Array(more), this.messages);
    this.averageMs = grown(new Float64Array(more), this.averageMs);
    this.suspectFlags = grown(new Uint8Array(more), this.suspectFlags);
  }
}

function grown<Column extends Uint32Array | Float64Array | Uint8Array>(larger: Column, column: Column): Column {
  larger.set(column);
  return larger;
}
