"""Fuzzing the readers: valid files are damaged at random, and each is read or refused in a sentence.

What fails is printed as a row for FINDS, which are read first ever after.
"""

import gzip
import hashlib
import io
import json
import pickle
import re
import time
import tracemalloc
import warnings
import zipfile
import zlib
from base64 import b85decode, b85encode

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from cutaway import (
    SGD,
    DataLoader,
    Dataset,
    Network,
    Weights,
    fit,
    load,
    load_data,
    load_idx,
    load_pickle,
    save,
)
from cutaway.data import pictures

ROOM = 64 << 20  # bytes that any file may take, beside what its own length warrants
PATIENCE = 3.0  # seconds per file
OF_PICTURES = 10  # times as much of both: a few bytes can be 50 million pixels, and no more

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (24, 4, 4), np.uint8)
LABELS = (np.arange(24) % 3).astype(np.uint8)
LAYERS = {
    "W1": RNG.random((16, 3), "f4"),
    "b1": RNG.random(3, "f4"),
    "W2": RNG.random((3, 2), "f4"),
}

# What the fuzzers found: the format, and zlib and base 85 of the file.
FINDS: list[tuple[str, str]] = [
    # a NaN that signals: NumPy warned as it was cast
    ('pickle',
     'c-ozhyH3L}7=@j*1TgpeodQ#*2qXpuo&ZZ3JY}mAC&-anx5sscOt3VeZ^5(hV&EhU2!w<<mVA-_^Z)02c7@7Elfo'
     'Z}u}=L_J~UaRbyU!SPQ_SFjn0LkAZ-~{N&5?jkr`ZJZAmJoG*$J5q7yoVkQm+2v*$1}nYzJ336Ep3!V<@FpE=B9-'
     '4gV(Wnzknb*_Z2bv)i;b^cOejbpvf+HUvQ2!i0@-KyCbG1!dfvJ*z+uX=lZBL5V&qy^aK*fH3RC6NvKp0qss90v{'
     '042QA>$nJ1d0~~XlSOEDm`e_sW`pX38+r;1AIIEMKbMy=@;u4qAt_oNF2N*MDiU'),
    # a name that is far too long: all of it was quoted
    ('npz',
     'c-jl_W@gc4fB;1Xaox?`|Dk}DL4=`FFR!4IkwJiA15^o&p6nOu8xYCJP{vTLo|0OeT%>NLpl*|Cp{}E#o|a!!Qk0'
     'k%pI?-c3KDlq%qdO<iWg@j7Ni3C8fH40ItsN46aX%$GZ+{dPysG}0E#!?`J6U}d9#ICgdqavO$Qc;5*Urun>D3|M'
     '0wN5#6U;E2#Cn`E!T-rFbYP&kOcwWj7+-BsO9ShXfeu)R7^F1%PDYai>?J!R)LBm5JuJV97sk$w6L;)gqVOZ4M@j'
     '<)d2vk*-**'),
    # a chunk of 4 GB, which Pillow reserved
    ('picture',
     'c%17D@N?(olHy`uVBq!ia0vp^JRr;gBp8b2n63XaFsOUFIEGZrN$v?R6Uc8)YWuwYr}$xm;0v>ZzbDRkcs!0VTq1'
     '4BWH|=r*<QCE|335%q}9{a&t;ucLK6V1ZXW0'),
    # a number of 4,000 characters, which was quoted
    ('pickle',
     'c-rm4F%19!2m`Pm6(}H?3H(b!22ay&8UO$Q_*QemJb7&'),
    # a name of a class with a character that there is not
    ('npz',
     'c$^FHW@Zs#0D%n>wXu40;vX<D0Xaa-3Zx?R@(L;^`-S=jL^3jzF;uIkq!uR^saq+i*OVHn>nNzF<rkF{CFaHF7p0_v'
     '#N85eic^8&#TkhOsX)Glk%^812x;ml)GCk#xZ;}*-8}!Af3f2An@vCV3b^igan^68Z7rAV2Pffe>eejQf%kMOs*Eo9'
     '$v7;lj9m4ye$(5A!fKz{uCtnc#CsmtwZHz(!sm?I-Ea4Y^|QZ7c<*D*;O=|;_Js`-_N~sS*v#<Z>$8;oH|lQ7Pkr87'
     'EHIO!^78q^?3+*RTBg49hUby*I(+rF#jL!4-qEXE!FtnpZkL77R1t;OJAFQ0Q>#92WtzjY*ec!jt37+hsW`?2_KWf>'
     'Udu79<XX3S_oKcxE3<V=4b$#9et6J1H&trpVdIS!Nm5_`mDZ|x{<l9Wd@hVl;<s+0M&jqS_3Q19S$;lN-?D7aQn~95'
     '+;$t*XIgIA6Ez`umo?V|yY*9*L|Kfd>@3~9!#b<*#>aWJZ4!Rc3169V{3UqZa}I8auW{bYvZJkX>*Gnw)(Bmylzl%('
     'fvv-*d`9%er50<lkNZ!0dr#NVha)X$@ioI8Ke<(AI89M(oEO;`wrA3=L;Wg_DX%=4L!?+=K3=?Qf-^INy44=0E89X1'
     'JLd<WB$3tYA5WeEWP>m$iBwV}iIAT<AW4LQkqIk8b^3mxITAfUHVE?radJ*#adCWJVs2_NPEXi`66XnHO8ua~l?ZfF'
     '63AH$hgSx8Gct)V<Ib2c(7?z5%ckgB&?5?=MVSd2ZRlFi0|=qz9ur1z1$eWvfh3uMa50dc&J5xK00zWJV*'),
    # numbers of no type
    ('onnx',
     'c%0+l5Moa*ElDg-tdwFk&@<9Au)4{@WyQr<!Np;qSDu=go>9WZW}ugpnOH2uR$Q7}tY;tvrIlFRQ*(2*c)8e0iW2jR'
     'og^3+Ffwteb3vtrIEypWbMrG(^bDmCOeOYU2$Rc+3n9wIVFb6#2-z|tsAWdjEmMJ7W+cRxUs_U7T7t027;Y2Xhgz2z'
     'IhZ*F1Q?y*e)BrOn6sb3_WsptHkB`z*@gaGxX<sb$o>bV*86M^Ub1z2vCi(2XS$uyx9ok|){XmamvGqyB&zQ_pt0X>'
     'sp}fMx?KzQ*1NIqU8u;p?^$t?-K#$NeQ&rD_V$Nx?-MC(wKMk8+Sl57z=kXO)n0j{u)VX+N81+cWZBEFxo{sFi-%p#'
     'f?aldKPlV&RoZF$Pu*l+o~xz}bJhHP5}y|Coj#9wuj0?mwm(Ac_Fb(?w0*>_yf^dnR@-@-JnS4#9JJe&)^5B1<u5xe'
     'DGp|!m!Og4#lwIEw6r*wIG7E99)^XlmqflwtG%*ku$@VV#_oslPWHLejrJ$;9kSCB<6r`r0||dG4wxB166HmiB_*kO'
     '3Q3g;(2!IBCzU7>U^)@v=i=pH6yoG!7GlifV&V`;lH`I$2D%iJ6AKrE051T{*T!}'),
    # a header of 600 MB, which was reserved
    ('npy of weights',
     'c$}N;7wQ`jd3a?RL$!KJYH@Orx|M>uO`3_ij)Hnxeo;wLVqScHQA#RE+$}MuI29;foRL_N3gl}Tn&~JQYw9S}Di8qx'
     'rb-$@'),
    # a kind of node with a line break, which the sentence had
    ('onnx',
     'c%0+l5Moa*ElDg-tdwFk&@<9Au)4{@WyQr<!Np;qSDu=go>9WZW}ugpnOH2uR$Q7}tY;tvrIpy+Q*(2*c)8e0iW2jR'
     'og^3+Ffwteb3vtrIEypWbMrG(^bDmCOeOYU2$Rc+3n9wIVFb6#2-z|tsAWb<EZ8hlfm&uH#Fk%LQczlgu*n#16WoVd'
     'ml-*jIRpe4o#1}+I>4B-pTYM2)oV7DFPGVc{#>}v@2trF2c_2gY!6<tb$hYS?viJ^ozb`KecINI`)-$T*##u3?>nHe'
     '-)^bv8oRn(3-;E#vF}}|$hq%Xagp7tKKXrbxDxjEhj8x`DQvYf_R`wd+Ihf+EBe)5d84qsv(87`7VKo%%dfd`-+w6B'
     '`$^gEuhLH2f9fXt@?14-n5*XRllZi7@AP@hdli3fw*3)mx9@6IqU|GY<-M7ox7yCz<YDJ{;-KBGw07J5FMru-NpUa('
     'y#$RUFCGRYprysZ1eS$|ua`u=N~^uHXRw_~hsN%Q@lN)+(~b5g@g1_$660V3nF9%bFAkU)K@#OfnI$Euc?wCD3eb>L'
     '04J3w5nwtI;^*S!U=-ryVisb|<6`0vNRs4&Mh3bRlM@RUg8(l8?mWx9'),
]  # fmt: skip
ODD = [b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff" * 8, b"\0" * 9, b"[", b"{", b'"', b"-1", b"1e999",
       b"nan", b",", b"\n", b"(", b".", b"0" * 30, "é".encode(), b"\x80", b"true", b"null"]  # fmt: skip


def idx(array):
    lengths = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def csv():
    rows = (
        ",".join(map(str, (label, *image.ravel())))
        for image, label in zip(IMAGES, LABELS, strict=True)
    )
    header = ",".join(["label", *(f"p{n}" for n in range(16))])
    return "\n".join([header, *rows, ""]).encode()


def pickles():
    pairs = ((IMAGES.reshape(24, 16).astype("f4") / 256, LABELS.astype("i8")),) * 3
    return [pickle.dumps(pairs, protocol) for protocol in (0, 1, 2, 5)]


def encoded():
    files = []
    for kind, mode in (("PNG", "L"), ("PNG", "P"), ("JPEG", "RGB"), ("GIF", "L"), ("BMP", "1"),
                       ("TIFF", "RGBA"), ("WEBP", "RGB"), ("PPM", "L")):  # fmt: skip
        file = io.BytesIO()
        Image.fromarray(np.tile(IMAGES[0], (3, 3))).convert(mode).save(file, kind)
        files.append(file.getvalue())
    return files


def checkpoint(folder):
    path = folder / "model"
    network = Network((16, 3, 3))
    names = Dataset(IMAGES, LABELS, class_names=["a", "b", "c"])
    fit(network, DataLoader(names), optimizer=SGD(0.1, momentum=0.9), epochs=1)
    save(network, path)
    return path.read_bytes()


def onnx(folder):
    save(Network((16, 3, 2)), folder / "m.onnx")
    return (folder / "m.onnx").read_bytes()


def keras():
    """A .keras file, as Keras writes it."""
    import h5py

    file, layers = io.BytesIO(), []
    with h5py.File(file, "w") as arrays:
        for number, names in enumerate((("W1", "b1"), ("W2",))):
            layers.append(
                {"class_name": "Dense", "config": {"name": str(number), "activation": "relu"}}
            )
            for at, name in enumerate(names):
                arrays[f"layers/dense{'_1' * number}/vars/{at}"] = LAYERS[name]
    described = json.dumps({"config": {"layers": layers}}).encode()
    return zipped({"config.json": described, "model.weights.h5": file.getvalue()})


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def read_idx(path):
    other = path.with_name("other")
    for array in (IMAGES, LABELS):
        other.write_bytes(idx(array))
        load_idx(*((path, other) if array is LABELS else (other, path)))


def read_folder(path):
    """Read a picture among others, as a sample of a class."""
    for label in "ab":
        folder = path.with_name("classes") / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "1.png").write_bytes(encoded()[0] if label == "a" else path.read_bytes())
    load_data(path.with_name("classes"))


def read_sample(path):
    network = Network((16, 3, 3))
    network.shape = (4, 4)
    network.predict(path)


def damaged(rng, data):
    """Return a file with one to four damages."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        a, b = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        b = min(b, a + int(rng.integers(1, 64)))
        kind = rng.integers(6)
        if kind == 0 and data:
            data[a % len(data)] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del data[a:b]
        elif kind == 2:
            data[a:a] = data[a:b] * int(rng.integers(1, 4))
        elif kind == 3:
            del data[a + 64 * (a < len(data) // 2) :]
        else:
            odd = ODD[rng.integers(len(ODD))]
            data[a : a + (len(odd) if kind == 4 else 0)] = odd
    return bytes(data)


def signed(rng, data):
    """Damage a checkpoint and sign it anew, as an attacker could."""
    data = re.sub(rb'(?<="sha256":")\w{64}', b"0" * 64, damaged(rng, data))
    return data.replace(b"0" * 64, hashlib.sha256(data).hexdigest().encode(), 1)


def repacked(rng, data):
    """Damage a zip, or what is in it: its checksums would tell before that is looked at."""
    if rng.integers(4) == 0:
        return damaged(rng, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice([*members])
    return zipped(members | {name: damaged(rng, members[name])})


# How a file is read, files that are whole, and how they are damaged.
FORMATS = {
    "idx": (read_idx, lambda _: [idx(IMAGES), idx(LABELS), gzip.compress(idx(IMAGES))], damaged),
    "pickle": (load_pickle, lambda _: [*pickles(), gzip.compress(pickles()[2])], damaged),
    "csv": (load_data, lambda _: [csv(), gzip.compress(csv())], damaged),
    "npz": (load_data, lambda _: [npz(X=IMAGES, y=LABELS, class_names=["a", "b", "c"])], repacked),
    "checkpoint": (load, lambda folder: [checkpoint(folder)], signed),
    "picture": (pictures.read, lambda _: encoded(), damaged),
    "sample": (read_sample, lambda _: encoded(), damaged),
    "folder": (read_folder, lambda _: encoded(), damaged),
    "onnx": (Weights.from_model, lambda folder: [onnx(folder)], damaged),
    "keras": (Weights.from_model, lambda _: [keras()], repacked),
    "npz of weights": (Weights.from_model, lambda _: [npz(**LAYERS)], repacked),
    "npy of weights": (Weights.from_model, lambda _: [npy(LAYERS["W1"])], damaged),
    "safetensors": (Weights.from_model, lambda _: [safetensors.numpy.save(LAYERS)], damaged),
    "checkpoint of weights": (Weights.from_model, lambda folder: [checkpoint(folder)], signed),
}  # fmt: skip
NEEDS = {"onnx": "onnx", "keras": "h5py"}
PICTURES = ("picture", "sample", "folder")


def check(read, path, data, times=1):
    """Let a file be read, and check what came of it."""
    path.write_bytes(data)
    tracemalloc.reset_peak()
    begin, before = time.process_time(), tracemalloc.get_traced_memory()[0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of labels that are strange
            read(path)
    except (ValueError, OSError, MemoryError) as error:
        said = str(error)
        assert said, "it says nothing"
        assert len(said.splitlines()) == 1, said
        assert len(said) < 1000, said
    took, most = time.process_time() - begin, tracemalloc.get_traced_memory()[1] - before
    assert took < PATIENCE * times
    assert most < ROOM * times + 1100 * len(data)  # gzip and PNG unpack to a thousand times as much


@pytest.fixture
def traced():
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.needs(NEEDS[n])] if n in NEEDS else []) for n in FORMATS],
)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(tmp_path, rounds, name):
    read, make, damage = FORMATS[name]
    times = OF_PICTURES if name in PICTURES else 1
    path, files = tmp_path / "file", make(tmp_path)
    for found, packed in FINDS:
        if found == name:
            check(read, path, zlib.decompress(b85decode(packed)), times)
    for number, rng in rounds():
        data = damage(rng, files[number % len(files)])
        try:
            check(read, path, data, times)
        except Exception as error:
            row = name, b85encode(zlib.compress(data)).decode()
            raise AssertionError(
                f"{type(error).__name__}: {error}; a row for FINDS: {row}"
            ) from error
