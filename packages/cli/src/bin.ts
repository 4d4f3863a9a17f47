import { start } from './start.ts'

/*
 * The command as it is run from its sources; what is published is started by bin/taskvault.js.
 */
void start()
