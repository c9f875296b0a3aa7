import { expect, it } from "vitest";
import { parseCaseList } from "./case-list.ts";

const line = (fixture: string, variant: string, test: string): string =>
  `${fixture.padEnd(20)} ${variant.padEnd(25)} ${test}`;
const rule = "-".repeat(80);

it("has each test of a fixture with each of its variants, in the order they run", () => {
  const sections: [fixture: string, variant: string, test: string][][] = [
    [
      ["# FIXTURE", "VARIANT", "TEST"],
      ["global", "", ""],
    ],
    [
      ["iommufd", "", "simple_close"],
      ["", "", "cmd_fail"],
    ],
    [
      ["change_process", "account_none", "basic"],
      ["", "account_user", ""],
    ],
    [
      ["vfio_compat_mock_domain", "Ver1v2", "map"],
      ["", "Ver1v0", "huge_map"],
    ],
    [
      ["a_fixture_wider_than_20", "", "alone"],
      ["", "", "together"],
    ],
  ];
  const list = sections.map((lines) => lines.map((each) => line(...each)).join("\r\n")).join(`\r\n${rule}\r\n`);
  expect(parseCaseList("iommufd", list).map(({ name }) => name)).toEqual([
    "iommufd.simple_close",
    "iommufd.cmd_fail",
    "change_process.account_none.basic",
    "change_process.account_user.basic",
    "vfio_compat_mock_domain.Ver1v2.map",
    "vfio_compat_mock_domain.Ver1v2.huge_map",
    "vfio_compat_mock_domain.Ver1v0.map",
    "vfio_compat_mock_domain.Ver1v0.huge_map",
    "a_fixture_wider_than_20.alone",
    "a_fixture_wider_than_20.together",
  ]);
});

it.each([
  ["nothing", "", "it lists none"],
  ["a usage message", "Usage: iommufd [-h|-l]\n", "is no name"],
  ["a test without a fixture", line("", "", "alone"), "a fixture without a name"],
  ["what no program can be given", line("iommufd", "", "-V;reboot"), "is no name"],
  ["more than any has", `${line("f", "", "t")}\n${`${line("", "", "t")}\n`.repeat(10_001)}`, "more than 10000"],
])("refuses %s", (_, list, problem) => {
  expect(() => parseCaseList("iommufd", list)).toThrow(`Cannot read which tests "iommufd" has`);
  expect(() => parseCaseList("iommufd", list)).toThrow(problem);
});
