"""What the machine is, and how busy it is."""

import platform
from pathlib import Path

import psutil
from pydantic import BaseModel, Field

SAMPLE_SECONDS = 0.1


class System(BaseModel):
    os: str
    release: str
    machine: str
    processor: str


class Cpu(BaseModel):
    usage: float = Field(description="Percent of all cores, over a tenth of a second")
    cores: int


class Used(BaseModel):
    used_percent: float


class Machine(BaseModel):
    system: System
    cpu: Cpu
    memory: Used
    disk: Used = Field(description="Of the disk that holds the embedded database, else of the root")


def measure_machine(data_dir: Path) -> Machine:
    """Takes SAMPLE_SECONDS: call it in a thread."""
    names = platform.uname()
    return Machine(
        system=System(
            os=names.system,
            release=names.release,
            machine=names.machine,
            processor=names.processor or names.machine,
        ),
        cpu=Cpu(usage=psutil.cpu_percent(SAMPLE_SECONDS), cores=psutil.cpu_count() or 1),
        memory=Used(used_percent=psutil.virtual_memory().percent),
        disk=Used(used_percent=psutil.disk_usage(str(data_dir if data_dir.exists() else "/")).percent),
    )
