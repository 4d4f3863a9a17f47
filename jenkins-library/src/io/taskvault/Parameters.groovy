package io.taskvault

import com.cloudbees.groovy.cps.NonCPS

/** What may be given to a taskvaultCache step, and what is wrong with what was given. */
class Parameters implements Serializable {

    private static final long serialVersionUID = 1L

    private static final List<String> NAMES = ['task', 'inputs', 'outputs', 'env', 'tools', 'salt', 'command',
        'readOnly', 'save', 'force', 'cli', 'remote', 'credentialsId']
    private static final List<String> LISTS = ['inputs', 'outputs', 'env', 'tools']
    private static final List<String> SWITCHES = ['readOnly', 'save', 'force']
    private static final int SHOWN_CHARACTERS = 100

    /** @return one sentence that names the parameter and its value; null when all is well */
    @NonCPS
    static String findProblem(Map parameters) {
        for (Object given : parameters.entrySet()) {
            String problem = findProblemOf(given.key.toString(), given.value)
            if (problem != null) {
                return problem
            }
        }
        return parameters.containsKey('task') ? null : "parameter 'task' is missing: give the name of the task"
    }

    /** The texts of a list as they are; of a text, its lines that are not blank. */
    @NonCPS
    static List<String> textsOf(Object value) {
        List<String> texts = []
        if (value instanceof CharSequence) {
            for (String line : value.toString().split('\n')) {
                if (!line.trim().isEmpty()) {
                    texts.add(line.trim())
                }
            }
        } else {
            for (Object text : value) {
                texts.add(text.toString())
            }
        }
        return texts
    }

    /** A value in one line that is not too long, as it would stand in a Jenkinsfile. */
    @NonCPS
    static String show(Object value) {
        String line = spell(value).replace('\n', '\\n')
        return line.length() > SHOWN_CHARACTERS ? line.substring(0, SHOWN_CHARACTERS) + '…' : line
    }

    @NonCPS
    private static String findProblemOf(String name, Object value) {
        if (!NAMES.contains(name)) {
            return "unknown parameter '" + name + "' (value " + show(value) + "); there are " + NAMES.join(', ')
        }
        if (value == null) {
            return "parameter '" + name + "' is null: give it a value, or leave it out"
        }
        if (SWITCHES.contains(name)) {
            return value instanceof Boolean ? null : expected(name, 'true or false', value)
        }
        return LISTS.contains(name) ? findProblemOfList(name, value) : findProblemOfText(name, value)
    }

    @NonCPS
    private static String findProblemOfText(String name, Object value) {
        if (!(value instanceof CharSequence)) {
            return expected(name, 'text', value)
        }
        boolean isOneLine = name != 'command' && name != 'salt'
        String text = value.toString()
        if (text.trim().isEmpty() && name != 'salt') {
            return expected(name, 'text that is not blank', value)
        }
        if (name == 'task' && !text.matches('\\S+')) {
            return expected(name, 'one word', value)
        }
        // They become variables of the environment as they are, or part of one.
        if (isOneLine && (text.contains('\n') || text.contains('"'))) {
            return expected(name, 'one line without double quotes', value)
        }
        return null
    }

    @NonCPS
    private static String findProblemOfList(String name, Object value) {
        if (!(value instanceof CharSequence) && !(value instanceof Collection)) {
            return expected(name, 'a list of strings, or text with one entry per line', value)
        }
        if (value instanceof Collection) {
            for (Object element : value) {
                if (!(element instanceof CharSequence) || element.toString().trim().isEmpty()) {
                    return expected(name, 'a list of strings that are not blank', value)
                }
            }
        }
        // No input would read as "all of the project" to the command line.
        return name == 'inputs' && textsOf(value).isEmpty() ? expected(name, 'at least one pattern', value) : null
    }

    @NonCPS
    private static String expected(String name, String what, Object value) {
        return "parameter '" + name + "' must be " + what + ', not ' + show(value)
    }

    @NonCPS
    private static String spell(Object value) {
        if (value instanceof CharSequence) {
            return "'" + value.toString() + "'"
        }
        List<String> elements = []
        if (value instanceof Map) {
            for (Object entry : value.entrySet()) {
                elements.add(entry.key.toString() + ': ' + spell(entry.value))
            }
        } else if (value instanceof Collection) {
            for (Object element : value) {
                elements.add(spell(element))
            }
        } else {
            return value instanceof Closure ? '{ … }' : String.valueOf(value)
        }
        return '[' + elements.join(', ') + ']'
    }
}
