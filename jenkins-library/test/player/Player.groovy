import groovy.json.JsonOutput
import groovy.json.JsonSlurper

/** Builds what it is told on standard input, one JSON document a line, and answers each with another. */
class Player {

    static void main(String[] arguments) {
        PrintStream answers = System.out
        // Whatever else is printed must not get between the answers.
        System.out = System.err
        answers.println(JsonOutput.toJson([groovy: GroovySystem.version]))
        System.in.eachLine('UTF-8') { String line ->
            Map request = (Map) new JsonSlurper().parseText(line)
            answers.println(JsonOutput.toJson(new Build(request).run()))
            answers.flush()
        }
    }
}
