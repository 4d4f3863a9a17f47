import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.sandbox.Untrusted
import org.codehaus.groovy.ast.ClassCodeExpressionTransformer
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.FieldNode
import org.codehaus.groovy.ast.MethodNode
import org.codehaus.groovy.ast.stmt.Statement
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.control.SourceUnit
import org.kohsuke.groovy.sandbox.SandboxTransformer

/** What is not transformed for the interpreter is transformed so that each of its calls can be refused. */
class SandboxedTransformer extends CpsTransformer {

    private final SandboxTransformer sandbox = new SandboxTransformer()
    private ClassCodeExpressionTransformer visitor

    @Override
    void call(SourceUnit source, GeneratorContext context, ClassNode classNode) {
        visitor = sandbox.createVisitor(source, classNode)
        super.call(source, context, classNode)
    }

    @Override
    protected void processConstructors(ClassNode classNode) {
        sandbox.processConstructors(visitor, classNode)
    }

    @Override
    protected void visitNontransformedMethod(MethodNode method) {
        visitor.visitMethod(method)
    }

    @Override
    protected void visitNontransformedField(FieldNode field) {
        visitor.visitField(field)
    }

    @Override
    protected void visitNontransformedStatement(Statement statement) {
        statement.visit(visitor)
    }

    @Override
    protected Class getTrustTag() {
        return Untrusted
    }
}
