import { expect, it } from "vitest";
import { operationFields, type Operation } from "../../src/operation/operation.ts";
import { describeOperation } from "./describe-operation.ts";

it("leaves out what is as it always is", () => {
  const fields = operationFields["ioas-map"].parse({ ioas: "A", iova: "0x1000", buffer: "p", write: false });
  const operation: Operation = { op: "ioas-map", ...fields };
  expect(describeOperation(operation)).toBe("ioas-map ioas=A iova=0x1000 buffer=p write=false");
  expect(describeOperation({ op: "hwpt-alloc", hwpt: "H", function: "a", ioas: "A", flags: ["pasid"] })).toBe(
    'hwpt-alloc hwpt=H function=a ioas=A flags=["pasid"]',
  );
  expect(describeOperation({ op: "look" })).toBe("look");
});
