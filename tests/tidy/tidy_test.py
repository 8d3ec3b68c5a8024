"""Each rule of tidiness finds what breaks it and leaves alone what does not."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

import tidy


def rules(path: str, text: str, others: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """The findings in one file of a tree that holds these others."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for other in (*others, path):
            (root / other).parent.mkdir(parents=True, exist_ok=True)
            (root / other).touch()
        return tidy.check(tidy.Source(path, text), root)


class Tidy(unittest.TestCase):
    def found(self, line: int, words: str, path: str, text: str,
              others: tuple[str, ...] = ()) -> None:
        findings = rules(path, text, others)
        self.assertEqual([line], [number for number, _ in findings], findings)
        self.assertIn(words, findings[0][1])

    def clean(self, path: str, text: str, others: tuple[str, ...] = ()) -> None:
        self.assertEqual([], rules(path, text, others))

    def test_columns_are_characters(self) -> None:
        self.clean("core/base/a.cpp", "x" * 100 + "\n")
        self.clean("ops/a.py", "# " + "ب" * 98 + "\n")
        self.found(2, "101 columns", "core/base/a.cpp", "\n" + "x" * 101 + "\n")
        self.found(1, "101 columns", "ops/run", "#!" + "x" * 99 + "\n")
        self.clean("config/a.xml", "x" * 200 + "\n")

    def test_lines(self) -> None:
        self.clean("core/base/a.cpp", "\n" * 600)
        self.found(601, "601 lines", "core/base/a.cpp", "\n" * 601)

    def test_pragma_once(self) -> None:
        self.clean("core/base/a.h", "// a\n#pragma once\n")
        self.found(1, "#pragma once", "core/base/a.h", "// #pragma once\n")

    def test_unfinished(self) -> None:
        self.found(2, "finish it", "config/a.xml", "\n<!-- TO" + "DO -->\n")
        self.found(1, "finish it", "core/base/a.cpp", "// FIX" + "ME: later\n")
        self.clean("core/base/a.cpp", "int mastodon;\n")

    def test_swallowed_exceptions(self) -> None:
        self.found(1, "swallows", "core/base/a.cpp", "try {} catch (...) {}\n")
        self.found(2, "swallows", "ops/a.cpp", "try {}\ncatch (...) {\n  // nothing to do\n}\n")
        self.clean("core/base/a.cpp", "try {} catch (...) { lost(); }\n")

    def test_sleeps_in_tests(self) -> None:
        self.found(1, "sleep_for", "tests/core/base/a_test.cpp", "sleep_for(1s);\n")
        self.clean("ops/a.cpp", "sleep_for(1s);\n")

    def test_weak_names(self) -> None:
        self.found(1, "LaneManager", "core/base/a.cpp", "class LaneManager {};\n")
        self.clean("core/base/a.cpp", "class Management {};\n")

    def test_core_knows_no_service(self) -> None:
        self.found(1, "service", "core/base/a.cpp", "// a Clearance\n")
        self.clean("core/base/a.cpp", "// a damaged file\n")
        self.clean("tests/core/base/a_test.cpp", "// a clearance\n")

    def test_core_includes_no_network(self) -> None:
        for header in ("proton/link.h", "boost/asio/post.hpp", "boost/beast.hpp", "Poco/Net/X.h"):
            self.found(1, "does not include", "core/base/a.cpp", f"#include <{header}>\n")
        self.clean("core/base/a.cpp", "#include <Poco/Exception.h>\n#include <vector>\n")
        self.clean("connectors/http/a.cpp", "#include <boost/beast.hpp>\n")

    def includes(self, path: str, target: str) -> tuple[str, str, tuple[str, ...]]:
        return path, f'#include "{target}"\n', (target,)

    def test_layers_of_core(self) -> None:
        self.clean(*self.includes("core/engine/a.cpp", "core/route/b.h"))
        self.clean(*self.includes("core/route/a.cpp", "core/route/b.h"))
        self.found(1, "below or beside", *self.includes("core/config/a.cpp", "core/route/b.h"))
        self.found(1, "below or beside", *self.includes("core/mapping/a.cpp", "core/process/b.h"))
        self.found(1, "only core", *self.includes("core/engine/a.cpp", "connectors/http/b.h"))

    def test_connectors_stand_on_their_interface(self) -> None:
        self.clean(*self.includes("connectors/soap/a.cpp", "core/connector/b.h"))
        self.clean(*self.includes("connectors/soap/a.cpp", "connectors/http/b.h"))
        self.clean(*self.includes("connectors/all.cpp", "connectors/soap/b.h"))
        self.found(1, "do not know", *self.includes("connectors/soap/a.cpp", "core/engine/b.h"))
        self.found(1, "not stand on", *self.includes("connectors/sms/a.cpp", "connectors/amqp/b.h"))
        self.found(1, "not stand on", *self.includes("connectors/http/a.cpp", "connectors/sms/b.h"))
        self.found(1, "only connectors", *self.includes("connectors/all.cpp", "ops/admin/b.h"))

    def test_includes_begin_at_the_root(self) -> None:
        self.found(1, "at the root", "core/base/a.cpp", '#include "b.h"\n', ("core/base/b.h",))

    def test_links(self) -> None:
        self.clean("ops/README.md", "[a](../core/a.h#x) [b](https://b.example/) [c](#c)\n",
                   ("core/a.h",))
        self.found(2, "leads nowhere", "ops/README.md", "\n[a](core/a.h)\n", ("core/a.h",))

    def test_the_root_holds_nothing_else(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in (".gitignore", "README.md", "core", "build", "profile.pkl", "src"):
                (root / name).touch()
            self.assertEqual(["profile.pkl", "src"], tidy.strays(root))


if __name__ == "__main__":
    unittest.main()
