/** One line of a batch script: words, after variables were put in. */
class BatchLine {

    final List<String> words

    BatchLine(String line, Map<String, String> env) {
        String bare = line.startsWith('@') ? line.substring(1) : line
        String expanded = bare.replaceAll(/%([^%]+)%/) { String whole, String name ->
            env.find { it.key.equalsIgnoreCase(name) }?.value ?: ''
        }
        List<String> found = split(expanded)
        words = found[0] == 'call' ? found.drop(1) : found
    }

    private static List<String> split(String line) {
        List<String> words = []
        StringBuilder word = null
        boolean isQuoted = false
        for (char character : line.toCharArray()) {
            String text = character.toString()
            if (text == '"') {
                isQuoted = !isQuoted
                word = word ?: new StringBuilder()
            } else if (text == ' ' && !isQuoted) {
                if (word != null) {
                    words.add(word.toString())
                }
                word = null
            } else if (!isQuoted && '&|<>^'.contains(text)) {
                throw new IllegalArgumentException("cmd.exe would take ${text} for syntax: ${line}")
            } else {
                word = word ?: new StringBuilder()
                word.append(text)
            }
        }
        return word == null ? words : words + [word.toString()]
    }
}
