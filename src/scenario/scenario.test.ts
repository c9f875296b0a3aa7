import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { operationNames } from "../operation/operation.ts";
import { phraseNames } from "./phrases.ts";
import { scenarioJsonSchema } from "./scenario.ts";

interface StepsSchema {
  items: { properties: Record<string, { properties: Record<string, { type?: unknown }>; required?: string[] }> };
}
const stepSchema = (): StepsSchema["items"] =>
  (scenarioJsonSchema() as { properties: { steps: StepsSchema } }).properties.steps.items;

describe("the published JSON Schema", () => {
  it('is up to date; else run "npm run schema"', () => {
    const published = new URL("../../fixtures/scenario.schema.json", import.meta.url);
    expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())));
  });

  it("offers every operation, every phrase, the note, what is done inside and what is answered in a step", () => {
    const offered = [...operationNames, ...phraseNames, "note", "during", "answer", "fail-nth", "expect"];
    expect(Object.keys(stepSchema().properties).sort()).toEqual(offered.sort());
  });

  it("lets an editor read addresses and lengths as numbers", () => {
    const { properties, required } = stepSchema().properties["ioas-unmap"]!;
    expect(properties["iova"]!.type).toEqual(["string", "integer"]);
    expect(properties["length"]!.type).toEqual(["string", "integer"]);
    expect(properties["ioas"]!.type).toBe("string");
    expect(required).toEqual(["ioas", "iova", "length"]);
  });
});
