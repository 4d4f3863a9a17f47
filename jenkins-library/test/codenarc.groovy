// CodeNarc's rules for Jenkins look at files called Jenkinsfile alone unless they are told otherwise,
// and then find nothing at all in a library.
ruleset {
    description 'What a shared library of Jenkins must not do'

    ruleset('rulesets/jenkins.xml') {
        [
            'ClassNotSerializable', 'ClosureInGString', 'CpsCallFromNonCpsMethod', 'ExpressionInCpsMethodNotSerializable',
            'ForbiddenCallInCpsMethod', 'ObjectOverrideOnlyNonCpsMethods', 'ParameterOrReturnTypeNotSerializable',
        ].each { String name -> "${name}" { applyToFileNames = '*.groovy' } }
    }
    ruleset('rulesets/basic.xml')
    ruleset('rulesets/imports.xml')
    ruleset('rulesets/unused.xml')
}
