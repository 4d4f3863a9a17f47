package io.taskvault

import com.cloudbees.groovy.cps.NonCPS

/** What one taskvaultCache step asks for, as words of the command line. */
class TaskRequest implements Serializable {

    private static final long serialVersionUID = 1L

    /** How `taskvault restore` ends when the task is to run. */
    static final int MISS = 1
    /** Wrong usage, input, output or configuration: to run the task without the cache would hide it. */
    static final List<Integer> WRONG_REQUEST = [64, 66, 73, 78]

    final String task
    final String cli
    final String remote
    final String credentialsId
    final boolean saves
    private final List<String> declaration

    /** @param parameters in which Parameters.findProblem found none */
    TaskRequest(Map parameters) {
        task = parameters.task
        cli = parameters.cli ?: 'taskvault'
        remote = parameters.remote
        credentialsId = parameters.credentialsId
        saves = parameters.save != false && parameters.readOnly != true
        declaration = declarationOf(parameters)
    }

    /** @param stateFile where the restore leaves word for the save */
    @NonCPS
    List<String> restoreWords(String stateFile) {
        return ['restore', task] + declaration + ['--state', stateFile, '--show-key']
    }

    @NonCPS
    List<String> saveWords(String stateFile) {
        return ['save', task, '--state', stateFile]
    }

    /**
     * A name for the file between restore and save. It is another one for other work, as branches of
     * `parallel` may share a workspace, and always the same for the same work, so that what failed
     * builds leave behind does not pile up.
     */
    @NonCPS
    String stateFileName(String stage) {
        long digest = 0
        for (char character : JsonWords.encode(declaration + [task, String.valueOf(stage)]).toCharArray()) {
            digest = digest * 31 + (int) character
        }
        return String.format('taskvault-%016x.json', digest)
    }

    @NonCPS
    private static List<String> declarationOf(Map parameters) {
        List<String> words = []
        Map<String, String> lists = [inputs: '--input', outputs: '--output', env: '--env', tools: '--tool']
        for (Object option : lists.entrySet()) {
            for (String text : Parameters.textsOf(parameters.get(option.key))) {
                words.add(option.value.toString())
                words.add(text)
            }
        }
        for (String name : ['salt', 'command']) {
            if (parameters.containsKey(name)) {
                words.add('--' + name)
                words.add(parameters.get(name).toString())
            }
        }
        if (parameters.force == true) {
            words.add('--force')
        }
        if (parameters.readOnly == true) {
            words.add('--read-only')
        }
        return words
    }
}
