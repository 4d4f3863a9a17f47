/** The state in which the main half tells the post half where it left word. */
export const BEGUN_STATE = 'taskvault-begun'
