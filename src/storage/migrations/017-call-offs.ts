/** Waits of runs that ended first: whoever was asked is told. Of those before this version nobody is. */
export const callOffs = `
UPDATE reply_waits SET state = 'told' WHERE state = 'cancelled';
CREATE INDEX reply_waits_cancelled ON reply_waits (wait_seq) WHERE state = 'cancelled';
`;
