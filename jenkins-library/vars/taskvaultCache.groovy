import groovy.transform.Field
import hudson.AbortException
import io.taskvault.JsonWords
import io.taskvault.Parameters
import io.taskvault.TaskRequest

@Field static final String ON_UNIX = '{ set +x; } 2>/dev/null; cd "$TASKVAULT_DIRECTORY"; exec "$TASKVAULT_CLI" --args-from-env TASKVAULT_ARGUMENTS'
@Field static final String ON_WINDOWS = '@cd /d "%TASKVAULT_DIRECTORY%"\n@call "%TASKVAULT_CLI%" --args-from-env TASKVAULT_ARGUMENTS'

/**
 * Runs its block, or puts back what the block made when nothing that it reads has changed.
 * The parameters are described in taskvaultCache.txt, which Jenkins shows as this step's help.
 *
 * Nothing surrounds `body()`, on purpose: what it throws, an abort among it, reaches the pipeline as
 * it is, and nothing is saved. While a step runs, nothing is held but text, numbers and classes of
 * ours that are serialisable, so that a pipeline can be written to disk and resumed at any point.
 *
 * @return true when the result was put back, false when the block ran
 */
boolean call(Map parameters, Closure body) {
    String problem = Parameters.findProblem(parameters)
    if (problem != null) {
        error("taskvaultCache: ${problem}")
    }
    TaskRequest request = new TaskRequest(parameters)
    // Beside the workspace, where it can be no input. `pwd` only for Jenkins without the variable:
    // within `dir` it names a directory that lies in the workspace.
    String stateFile = "${env.WORKSPACE_TMP ?: pwd(tmp: true)}/${request.stateFileName(env.STAGE_NAME)}"

    int restored = callTaskvault(request, request.restoreWords(stateFile))
    if (restored == 0) {
        return true
    }
    if (TaskRequest.WRONG_REQUEST.contains(restored)) {
        error("taskvaultCache: '${request.task}' cannot be looked up as it is declared; the reason is above (status ${restored})")
    }
    if (restored != TaskRequest.MISS) {
        echo("taskvaultCache: '${request.task}' runs without the cache: ${request.cli} ended with status ${restored}")
    }

    body()

    if (request.saves) {
        int saved = callTaskvault(request, request.saveWords(stateFile))
        if (saved != 0) {
            echo("taskvaultCache: '${request.task}' was not saved: ${request.cli} ended with status ${saved}")
        }
    }
    return false
}

/** Called in any other way. */
boolean call(Object... given) {
    error("taskvaultCache: takes named parameters and a block, taskvaultCache(task: 'unit_tests') { … }, not ${Parameters.show(Arrays.asList(given))}")
}

/** @return the status that the command line ended with; its output is in the log */
private int callTaskvault(TaskRequest request, List<String> words) {
    if (request.credentialsId == null) {
        return start(request, words)
    }
    boolean isFound = false
    int status = 0
    try {
        withCredentials([string(credentialsId: request.credentialsId, variable: 'TASKVAULT_TOKEN')]) {
            isFound = true
            status = start(request, words)
        }
    } catch (AbortException failure) {
        if (isFound) {
            throw failure
        }
        error("taskvaultCache: parameter 'credentialsId' must be the id of a secret text, not '${request.credentialsId}': ${failure.message}")
    }
    return status
}

/**
 * The scripts are constants. What was given to the step travels in the environment, where no shell
 * reads it: neither a quote in a glob nor the name of a branch can become a command.
 *
 * They start at the top of the workspace and go from there to where the step stands. Started within
 * `dir('web')`, Jenkins would keep their files in `web@tmp`, which lies in the workspace and would
 * be an input of any task that reads all of it, and another one each time.
 */
private int start(TaskRequest request, List<String> words) {
    List<String> variables = [
        "TASKVAULT_CLI=${request.cli}",
        "TASKVAULT_DIRECTORY=${pwd()}",
        "TASKVAULT_ARGUMENTS=${JsonWords.encode(words)}",
    ]
    if (request.remote != null) {
        variables.add("TASKVAULT_REMOTE=${request.remote}")
    }
    String label = "taskvault ${words[0]} ${request.task}"
    return withEnv(variables) {
        dir(env.WORKSPACE) {
            isUnix()
                ? sh(script: ON_UNIX, returnStatus: true, label: label)
                : bat(script: ON_WINDOWS, returnStatus: true, label: label)
        }
    }
}
