/**
 * A declarative pipeline: agent any, none or kubernetes-like containers, environment, options, stages,
 * parallel stages, when, steps and post.
 */
def call(Closure definition) {
    DeclarativeSection section = read(definition)
    onAgent(section) {
        withPost(section) {
            runStages(read(section.said.stages))
        }
    }
}

private DeclarativeSection read(Closure block) {
    DeclarativeSection section = new DeclarativeSection()
    if (block != null) {
        block.delegate = section
        block.resolveStrategy = Closure.DELEGATE_FIRST
        block()
        // Blocks within this one would go on asking the section for what is a step.
        block.delegate = block.owner
        block.resolveStrategy = Closure.OWNER_FIRST
    }
    return section
}

private void onAgent(DeclarativeSection section, Closure body) {
    if (section.said.agent == null || section.said.agent == 'none') {
        withEnvironment(section, body)
    } else {
        node { withEnvironment(section, body) }
    }
}

private void withEnvironment(DeclarativeSection section, Closure body) {
    Map environment = read(section.said.environment).said
    List<String> names = new ArrayList<String>(environment.keySet())
    List<String> variables = []
    for (int index = 0; index < names.size(); index++) {
        variables.add(names[index] + '=' + environment[names[index]])
    }
    withEnv(variables, body)
}

private void withPost(DeclarativeSection section, Closure body) {
    Map post = read(section.said.post).said
    Throwable failure = null
    try {
        body()
    } catch (Throwable caught) {
        failure = caught
    }
    String ended = failure == null ? 'success' : failure instanceof InterruptedException ? 'aborted' : 'failure'
    currentBuild.result = ended.toUpperCase()
    if (post[ended] != null) {
        post[ended].call()
    }
    if (post.always != null) {
        post.always.call()
    }
    if (failure != null) {
        throw failure
    }
}

private void runStages(DeclarativeSection section) {
    for (int index = 0; index < section.stages.size(); index++) {
        runStage(section.stages[index])
    }
}

private void runStage(Map named) {
    DeclarativeSection section = read(named.block)
    stage(named.name) {
        if (isWanted(section)) {
            onAgent(section) {
                withPost(section) {
                    runContent(section)
                }
            }
        } else {
            echo "Stage \"${named.name}\" skipped due to when conditional"
        }
    }
}

private boolean isWanted(DeclarativeSection section) {
    String branch = read(section.said.when).said.branch
    return branch == null || branch == env.BRANCH_NAME
}

private void runContent(DeclarativeSection section) {
    if (section.said.stages != null) {
        runStages(read(section.said.stages))
    } else if (section.said.parallel != null) {
        Map branches = [:]
        List<Map> stages = read(section.said.parallel).stages
        for (int index = 0; index < stages.size(); index++) {
            Map each = stages[index]
            branches[each.name] = { runStage(each) }
        }
        parallel branches
    } else {
        section.said.steps.call()
    }
}
