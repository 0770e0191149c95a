import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;
import software.amazon.event.ruler.MachineComplexityEvaluator;

/** Reads pairs of lines, a pattern and an event; answers each with a line: true, false, complex, or the error. */
class Oracle {
  /** What EventBridge lets through. */
  private static final int MAX_COMPLEXITY = 10;

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, "UTF-8");
    for (String pattern = in.readLine(); pattern != null; pattern = in.readLine()) {
      out.println(verdict(pattern, in.readLine()));
    }
    out.flush();
  }

  private static int complexityOf(Machine machine) {
    return machine.evaluateComplexity(new MachineComplexityEvaluator(MAX_COMPLEXITY + 1));
  }

  private static String verdict(String pattern, String event) {
    try {
      Machine machine = new Machine();
      machine.addRule("rule", pattern);
      if (!pattern.contains("$or") && complexityOf(machine) > MAX_COMPLEXITY) return "complex";
      return String.valueOf(!machine.rulesForJSONEvent(event).isEmpty());
    } catch (Throwable refused) {
      String message = JsonRuleCompiler.check(pattern);
      return "error " + (message == null ? refused.toString() : message).replace("\n", "\\n");
    }
  }
}
