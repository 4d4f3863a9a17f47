/** The state in which the main half tells the post half where it left word. */
export const BEGUN_STATE = 'taskvault-begun'
/** The key that somebody has written, whole. */
export const KEY_STATE = 'CACHE_KEY'
