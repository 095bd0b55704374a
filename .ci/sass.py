"""Prints what the hot loops of the fast path and of the layers' products cost, in instructions.

No GPU is needed.

    python .ci/sass.py [ARCHITECTURE...]    90 unless told. `nvcc` and `nvdisasm` must be found; the latter
                                            is also in pip's nvidia-cuda-nvdisasm

Each of a multiprocessor's four schedulers issues one instruction of a warp per clock, so a loop takes as
many clocks as it has instructions, times its rounds and the warps of a scheduler. FFMA is the work, or
HMMA, for each of which tensor cores take 4 clocks at best on an H100 and 8 on an A100; all else is what
might be saved. A register that is spilled is an error. The fast path has every loop twice, for groups of
32 images and of 64; on tensor cores also for 64 images and what is less.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CPP = Path(__file__).parents[1] / "cpp"
# As cpp/cuda/build.cmake has it.
OPTIONS = ["-std=c++17", "-O3", "-prec-div=false", "-prec-sqrt=false"]


def compile_kernels(architecture, folder):
    """Return the disassembly of gpu.cu, and what ptxas told of it."""
    cubin = Path(folder) / "gpu.cubin"
    told = subprocess.run(
        ["nvcc", *OPTIONS, f"-arch=sm_{architecture}", "-cubin", "-I", CPP, "-Xptxas=-v",
         "-Xptxas=--warn-on-spills,--warning-as-error", '-DCUTAWAY_CUDA_ARCHITECTURES=""',
         CPP / "cuda" / "gpu.cu", "-o", cubin],
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    return subprocess.check_output(["nvdisasm", "-c", cubin], text=True), told


def split_kernels(disassembly):
    """Yield the name and the lines of every kernel."""
    for part in re.split(r"^\.text\.", disassembly, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition(":")
        yield name, body.splitlines()


def find_loops(lines):
    """Yield the operations of every loop that has no other one in it."""
    labels, code, jumps = {}, [], []
    for line in lines:
        if label := re.match(r"(\.L_\w+):", line):
            labels[label[1]] = len(code)
        elif operation := re.match(r"\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z]\w*)", line):
            if target := re.search(r"BRA.*`\((\.L_\w+)\)", line):
                jumps.append((target[1], len(code)))
            code.append(operation[1])
    loops = {(labels[to], at) for to, at in jumps if labels.get(to, at + 1) <= at}
    for first, last in sorted(loops):
        if not any(
            loop != (first, last) and first <= loop[0] and loop[1] <= last for loop in loops
        ):
            yield Counter(code[first : last + 1])


def work_of(loop):
    """Return what a loop is for, and how much of it there is."""
    return ("HMMA", loop["HMMA"]) if loop["HMMA"] else ("FFMA", loop["FFMA"])


for architecture in sys.argv[1:] or ["90"]:
    with tempfile.TemporaryDirectory() as folder:
        disassembly, told = compile_kernels(architecture, folder)
    for name, lines in sorted(split_kernels(disassembly)):
        if kernel := re.search(r"(learn_in_\w+?)ILi(\d+)E", name):
            # Those that multiply pixels, which are made of bytes (PRMT); an empty kernel has none.
            title = f"{kernel[1]}<{kernel[2]}>"
            hot = [loop for loop in find_loops(lines) if loop["PRMT"] > 3 and work_of(loop)[1] >= 4]
        elif kernel := re.search(r"4(Tf32|Fp32)ILi(\d+)EEENS\d_\d+(\w+?)E", name):
            title = f"{kernel[3]}, {kernel[1]}<{kernel[2]}>"
            hot = [loop for loop in find_loops(lines) if work_of(loop)[1] >= 8]
        else:
            continue
        if not hot:
            continue
        registers = re.search(rf"entry function '{name}'(?s:.*?)Used (\d+) registers", told)[1]
        print(f"sm_{architecture} {title}: {registers} registers")
        for loop in hot:
            work, times = work_of(loop)
            other = ", ".join(f"{n} {what}" for what, n in loop.most_common() if what != work)
            print(f"  {loop.total()} instructions for {times} {work}: {other}")
