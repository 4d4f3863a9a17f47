import java.util.concurrent.TimeUnit
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Runs what `sh` and `bat` are given, as processes of this machine. */
class Agent {

    private final Build build

    Agent(Build build) {
        this.build = build
    }

    /** `sh -xe`, as Jenkins has it, unless the script names an interpreter. */
    Map runShell(String script, boolean returnsOutput) {
        // Where Jenkins has it: within `dir('web')` this is web@tmp, in the workspace.
        File control = new File("${build.context.directory}@tmp", "durable-${UUID.randomUUID()}")
        try {
            control.mkdirs()
            File file = new File(control, 'script.sh')
            file.setText(script, 'UTF-8')
            file.setExecutable(true)
            List<String> interpreter = script.startsWith('#!') ? [] : [build.request.shell ?: 'sh', '-xe']
            return run(interpreter + [file.path], returnsOutput)
        } finally {
            control.deleteDir()
        }
    }

    /**
     * A stand-in for cmd.exe that knows as much as one line of a script needs, and in particular what
     * is dangerous: `%NAME%` is replaced before anything is parsed, so that a value can become syntax.
     */
    Map runBatch(String script, boolean returnsOutput) {
        Map ended = [status: 0, stdout: '']
        String directory = build.context.directory
        for (String line : script.readLines()*.trim().findAll()) {
            if (!line.startsWith('@')) {
                build.println("${directory}>${line}")
            }
            List<String> words = new BatchLine(line, build.context.env).words
            if (words.take(2) == ['cd', '/d']) {
                directory = words[2]
            } else {
                ended = run(words, returnsOutput, directory)
            }
        }
        return ended
    }

    private Map run(List<String> command, boolean returnsOutput, String directory = build.context.directory) {
        ProcessBuilder builder = new ProcessBuilder(resolve(command)).directory(new File(directory))
        builder.environment().clear()
        builder.environment().putAll(build.context.env)
        builder.redirectErrorStream(!returnsOutput)
        Process process
        try {
            process = builder.start()
        } catch (IOException error) {
            build.println("${command[0]}: not found")
            return [status: build.request.agent == 'unix' ? 127 : 1, stdout: '']
        }
        process.outputStream.close()
        StringBuilder stdout = new StringBuilder()
        Thread reader = Thread.start { listen(returnsOutput ? process.errorStream : process.inputStream, process) }
        if (returnsOutput) {
            stdout << process.inputStream.getText('UTF-8')
        }
        waitFor(process)
        reader.join()
        return [status: process.exitValue(), stdout: stdout.toString()]
    }

    private boolean isStopped

    private void listen(InputStream output, Process process) {
        try {
            output.eachLine('UTF-8') { String line ->
                build.println(line)
                if (build.request.abortWhen && line.contains((String) build.request.abortWhen)) {
                    isStopped = true
                    stop(process)
                }
            }
        } catch (IOException closed) {
            build.println("(${closed.message})")
        }
    }

    private void waitFor(Process process) {
        long deadlineMs = build.context.deadlineMs
        if (deadlineMs == 0) {
            process.waitFor()
        } else if (!process.waitFor(Math.max(0L, deadlineMs - System.currentTimeMillis()), TimeUnit.MILLISECONDS)) {
            stop(process)
            process.waitFor()
            throw new FlowInterruptedException('Timeout has been exceeded')
        }
        if (isStopped) {
            isStopped = false
            throw new FlowInterruptedException('Aborted by somebody')
        }
    }

    private static void stop(Process process) {
        process.descendants().each { it.destroyForcibly() }
        process.destroyForcibly()
    }

    /** PATH is the block's, not the player's own. */
    private List<String> resolve(List<String> command) {
        if (command[0].contains('/')) {
            return command
        }
        String found = (build.context.env.PATH ?: '').split(':').collect { new File(it, command[0]) }.find { it.canExecute() }
        return [found ?: command[0]] + command.drop(1)
    }
}
