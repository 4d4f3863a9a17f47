import com.cloudbees.groovy.cps.Outcome
import hudson.AbortException
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** What each step of the player does; like in Jenkins as far as a pipeline can tell. */
class Steps {

    static final List<String> NAMES = [
        'ansiColor', 'bat', 'catchError', 'checkout', 'container', 'deleteDir', 'dir', 'echo', 'error', 'fileExists', 'isUnix',
        'junit', 'node', 'parallel', 'pwd', 'readFile', 'retry', 'sh', 'stage', 'timeout', 'timestamps', 'withCredentials', 'withEnv', 'writeFile',
    ]

    private final Build build
    private final Agent agent

    Steps(Build build) {
        this.build = build
        agent = new Agent(build)
    }

    /** Takes a step without a block. */
    Object run(StepCall call) {
        switch (call.name) {
            case 'echo':
                return build.println(call.text('message'))
            case 'error':
                throw new AbortException(call.text('message'))
            case 'isUnix':
                return build.request.agent == 'unix'
            case 'pwd':
                return call.named.tmp ? directory().path + '@tmp' : directory().path
            case 'readFile':
                return file(call).getText('UTF-8')
            case 'writeFile':
                file(call).parentFile.mkdirs()
                file(call).setText(call.named.text.toString(), 'UTF-8')
                return null
            case 'fileExists':
                return file(call).exists()
            case 'deleteDir':
                return directory().deleteDir()
            case 'checkout':
                return [:]
            case 'junit':
                if (!inDirectory(call.text('testResults')).exists()) {
                    throw new AbortException('No test report files were found. Configuration error?')
                }
                return null
            case 'sh':
            case 'bat':
                return runScript(call)
            default:
                throw new IllegalStateException("${call.name} needs a block")
        }
    }

    /** What holds in the block of a step. */
    Context contextOf(StepCall call) {
        Context context = build.context.copy()
        switch (call.name) {
            case 'node':
                return onAgent(context)
            case 'stage':
                context.env.STAGE_NAME = call.text('name')
                return context
            case 'dir':
                context.directory = inDirectory(call.text('path')).path
                new File(context.directory).mkdirs()
                return context
            case 'withEnv':
                return context.withVariables(call.get('overrides').collect { it.toString() })
            case 'container':
                context.env.putAll(build.request.containers[call.text('name')])
                return context
            case 'withCredentials':
                return withSecrets(context, call)
            case 'timeout':
                context.deadlineMs = System.currentTimeMillis() + (call.get('time') as int) * 1000
                return context
            default:
                return context
        }
    }

    /** What a step has to know when its block ends. */
    Map detailsOf(StepCall call) {
        switch (call.name) {
            case 'retry':
                return [left: (call.get('count') as int) - 1, body: call.body]
            case 'catchError':
                return [buildResult: call.named.buildResult ?: 'FAILURE']
            default:
                return [:]
        }
    }

    /** What a step makes of how its block ended; null to run it once more. */
    Outcome outcomeOf(Frame frame, Outcome outcome) {
        if (frame.step == 'retry' && outcome.isFailure() && !(outcome.abnormal instanceof FlowInterruptedException) && frame.details.left-- > 0) {
            return null
        }
        if (frame.step == 'catchError' && outcome.isFailure()) {
            build.println(outcome.abnormal.message)
            build.result = frame.details.buildResult
            return new Outcome(null, null)
        }
        return outcome
    }

    private Context onAgent(Context context) {
        String workspace = build.request.workspace
        context.directory = workspace
        context.env.putAll(build.request.agentEnv)
        context.env.WORKSPACE = workspace
        if (build.request.hasWorkspaceTmp != false) {
            context.env.WORKSPACE_TMP = workspace + '@tmp'
        }
        return context
    }

    private Context withSecrets(Context context, StepCall call) {
        for (Map binding : call.positional) {
            String secret = build.request.credentials[binding.credentialsId.toString()]
            if (secret == null) {
                throw new AbortException("Could not find credentials entry with ID '${binding.credentialsId}'")
            }
            context.env[binding.variable.toString()] = secret
            context.secrets.add(secret)
        }
        return context
    }

    private Object runScript(StepCall call) {
        directory()
        boolean isUnix = build.request.agent == 'unix'
        if (isUnix != (call.name == 'sh')) {
            throw new AbortException(isUnix ? 'Batch scripts can only be run on Windows nodes' : 'sh: no such program on a Windows node')
        }
        boolean returnsOutput = call.named.returnStdout
        Map ended = isUnix ? agent.runShell(call.text('script'), returnsOutput) : agent.runBatch(call.text('script'), returnsOutput)
        if (call.named.returnStatus) {
            return ended.status
        }
        if (ended.status != 0) {
            throw new AbortException("script returned exit code ${ended.status}")
        }
        return returnsOutput ? ended.stdout : null
    }

    private File file(StepCall call) {
        return inDirectory(call.text('file'))
    }

    private File inDirectory(String path) {
        return new File(path).absolute ? new File(path) : new File(directory(), path)
    }

    private File directory() {
        if (build.context.directory == null) {
            throw new AbortException('Required context class hudson.FilePath is missing\nPerhaps you forgot to surround the step with a step that provides this, such as: node')
        }
        return new File(build.context.directory)
    }
}
