"""A throw-away S3 server: Ceph's object gateway with one monitor and one OSD in memory.

Loopback only, no systemd, no docker, up in about a second. Found the hard way:
`ms_mon_client_mode = crc` (the gateway insists on `secure`, which without authentication never
starts), the short Paxos and objecter intervals (6 s of start-up otherwise), `tcp_nodelay=1` (every
GET takes 44 ms otherwise), nearfull < backfillfull < full, and a short folder, because an admin
socket's path may have 107 characters.
"""

import contextlib
import shutil
import subprocess
import uuid
from pathlib import Path

from support.servers.need import ServerMissingError, apt_install
from support.servers.ports import free_port, wait_for_port

_NEEDED = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool")
_PACKAGES = ("ceph-mon", "ceph-osd", "radosgw", "ceph-common")

_CONF = """[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon_port}/0]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = 20000
ms_bind_port_max = 29999
ms_bind_ipv6 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = {folder}
admin_socket = {folder}/$name.asok
pid_file = {folder}/$name.pid
log_file = {folder}/$name.log
crash_dir = {folder}/crash
keyring = {folder}/keyring
debug_ms = 0
osd_heartbeat_grace = 3
objecter_tick_interval = 0.5
objecter_timeout = 1
ms_max_backoff = 1
client_notify_timeout = 1
ms_mon_client_mode = crc
ms_mon_service_mode = crc
ms_mon_cluster_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_warn_on_pool_no_redundancy = false
mon_warn_on_insecure_global_id_reclaim = false
mon_warn_on_insecure_global_id_reclaim_allowed = false
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
mon_data_avail_warn = 2
mon_data_avail_crit = 1
[mon]
mon_data = {folder}/mon
mon_compact_on_start = false
mon_osd_report_timeout = 900
mon_osd_full_ratio = .99
mon_osd_nearfull_ratio = .97
mon_osd_backfillfull_ratio = .98
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_numa_auto_affinity = false
osd_heartbeat_interval = 1
osd_client_watch_timeout = 3
osd_default_notify_timeout = 2
osd_op_num_shards = 2
osd_op_num_threads_per_shard = 1
osd_class_load_list = *
osd_class_default_list = *
osd_fast_shutdown = true
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_thread_pool_size = 16
rgw_enable_apis = s3, admin
rgw_rados_pool_pg_num_min = 1
rgw_override_bucket_index_max_shards = 1
rgw_dynamic_resharding = false
rgw_enable_usage_log = false
rgw_enable_ops_log = false
debug_rgw = 0/0
rgw_run_sync_thread = false
rgw_data_log_num_shards = 1
rgw_md_log_max_shards = 1
rgw_gc_max_objs = 1
rgw_lc_max_objs = 1
rgw_usage_max_shards = 1
rgw_objexp_hints_num_shards = 1
rgw_num_async_rados_threads = 4
rgw_shutdown_timeout = 2
"""


class RadosGateway:
    access_key = "testaccesskey"
    secret_key = "testsecretkey12345"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._servers: list[subprocess.Popen[bytes]] = []
        self._mon_port, self._port = free_port(), free_port()
        if any(shutil.which(name) is None for name in _NEEDED):
            apt_install("An S3 server (Ceph radosgw)", *_PACKAGES)
        missing = [name for name in _NEEDED if shutil.which(name) is None]
        if missing:
            raise ServerMissingError(f"Ceph was installed but {', '.join(missing)} is not found")

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        folder, fsid, osd_id = self.folder, str(uuid.uuid4()), str(uuid.uuid4())
        for name in ("mon", "osd", "crash"):
            (folder / name).mkdir(parents=True)
        conf = folder / "ceph.conf"
        conf.write_text(
            _CONF.format(folder=folder, fsid=fsid, mon_port=self._mon_port, port=self._port)
        )
        (folder / "keyring").touch()
        monitor = f"[v2:127.0.0.1:{self._mon_port}/0]"
        with_conf = ("-c", str(conf))
        monmap = str(folder / "monmap")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitor, monmap)
        self._run("ceph-mon", *with_conf, "--mkfs", "-i", "a", "--monmap", monmap)
        mon = self._spawn("ceph-mon", *with_conf, "-f", "-i", "a", "--public-addrv", monitor)
        wait_for_port(self._mon_port, mon, "ceph-mon")
        self._run(
            "ceph-osd", *with_conf, "-i", "0", "--mkfs", "--osd-uuid", osd_id, "--no-mon-config"
        )
        self._run("ceph", *with_conf, "osd", "new", osd_id, "0")
        self._spawn("ceph-osd", *with_conf, "-f", "-i", "0", "--no-mon-config")
        as_gateway = (*with_conf, "-n", "client.rgw", "--no-mon-config")
        gateway = self._spawn("radosgw", *with_conf, "-f", "-n", "client.rgw", "--no-mon-config")
        user = ("user", "create", "--uid", "test", "--display-name", "test")
        keys = ("--access-key", self.access_key, "--secret", self.secret_key)
        self._run("radosgw-admin", *as_gateway, *user, *keys)
        wait_for_port(self._port, gateway, "radosgw", 90)

    def stop(self) -> None:
        # Gateway, OSD, monitor: each says goodbye to the one that stands behind it.
        for server in reversed(self._servers):
            with contextlib.suppress(ProcessLookupError):
                server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise ServerMissingError(f"{command[0]} failed: {done.stderr[-800:]}")

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.out").open("ab") as out:
            server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self._servers.append(server)
        return server
