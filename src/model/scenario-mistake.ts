/** An operation that the plan's names or order make meaningless: the scenario is wrong, not the kernel. */
export class ScenarioMistake extends Error {
  override readonly name = "ScenarioMistake";
}
