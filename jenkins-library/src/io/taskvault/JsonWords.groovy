package io.taskvault

import com.cloudbees.groovy.cps.NonCPS

/** Words of a command line as one JSON array. */
class JsonWords implements Serializable {

    private static final long serialVersionUID = 1L

    private static final String PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.,:;/*=+@()[]{}#?~'

    /**
     * Everything but plain characters is escaped. Of all that could go wrong on the way through an
     * environment, nothing then does: withEnv replaces `$NAME` and `$$`, and not every agent and
     * console is on UTF-8.
     */
    @NonCPS
    static String encode(List<String> words) {
        StringBuilder json = new StringBuilder('[')
        for (int index = 0; index < words.size(); index++) {
            json.append(index == 0 ? '"' : ',"')
            for (char character : words.get(index).toCharArray()) {
                if (PLAIN.indexOf((int) character) >= 0) {
                    json.append(character)
                } else {
                    json.append(String.format('\\u%04x', (int) character))
                }
            }
            json.append('"')
        }
        return json.append(']').toString()
    }
}
