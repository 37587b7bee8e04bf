/** What a file that a tool answers with may be called. Both sides look: the child makes it so, the server takes no other. */
export const FILE_NAME_CHARS_MAX = 200;
const MEDIA_TYPE_CHARS_MAX = 127;
/** A type, and parameters of characters that are safe in a header; quotes and line breaks are not. */
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:; ?[\w.+-]+=[\w.+-]+)*$/;
const FILE_NAME = /^(?!\.)[\p{L}\p{N}._ -]+$/u;

/** Whether a header can carry it. */
export const isMediaType = (given: string): boolean => given.length <= MEDIA_TYPE_CHARS_MAX && MEDIA_TYPE.test(given);

/** Whether it is the name of a file in a directory, and not a hidden one. */
export const isFileName = (given: string): boolean => given.length <= FILE_NAME_CHARS_MAX && FILE_NAME.test(given);
