package org.jenkinsci.plugins.workflow.steps

/** What a step ends with when somebody stops the build, or its time is over. */
class FlowInterruptedException extends InterruptedException {
    FlowInterruptedException(String cause) {
        super(cause)
    }
}
