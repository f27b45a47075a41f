"""`sslseg measure` on a real CT with tissue labels, against reference values (mean HU and volume of three tissues).

Run: python -m Testing.benchmarks.measure_totalsegmentator
Needs the TotalSegmentator example images (see Testing/data.py); writes results/measure_totalsegmentator.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from Testing.data import real_data

REPOSITORY = Path(__file__).resolve().parents[2]

# Label: name, mean HU, volume in mL.
EXPECTED = {1: ("subcutaneous_fat", -92.1, 954.6), 2: ("torso_fat", -83.8, 917.2), 3: ("skeletal_muscle", 17.6, 952.9)}
TOLERANCE = 0.1


def main() -> int:
    data = real_data("totalsegmentator_examples")
    with tempfile.TemporaryDirectory() as folder:
        tissues = Path(folder) / "tissues.json"
        tissues.write_text(json.dumps([{"value": label, "name": name} for label, (name, _, _) in EXPECTED.items()]))
        command = [sys.executable, "-m", "SSLSegmentationLib", "measure", "--json", "--tissues", str(tissues)]
        command += ["--image", str(data / "images" / "example_ct_sm.nii.gz")]
        command += ["--labels", str(data / "labels" / "example_ct_sm__tissue_types.nii.gz")]
        command += ["--output", str(Path(folder) / "table.csv")]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, encoding="utf-8", check=True)
    results = []
    for row in json.loads(done.stdout)["rows"]:
        _, mean, volume = EXPECTED[row["label"]]
        good = abs(row["mean"] - mean) <= TOLERANCE and abs(row["volume_ml"] - volume) <= TOLERANCE
        results.append({**row, "expected_mean": mean, "expected_volume_ml": volume, "within_0.1": good})
    text = json.dumps(results, indent=2)
    print(text)
    target = Path(__file__).parent / "results" / "measure_totalsegmentator.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text + "\n", encoding="utf-8")
    return 0 if len(results) == len(EXPECTED) and all(result["within_0.1"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
