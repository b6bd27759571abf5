#!/bin/bash
# The Littlest JupyterHub: one machine (Ubuntu), up to about a hundred students, each a user of the machine.
# Read, change OWNER/REPO and the names, and run it part by part. Of all this nbgrader's part, the exchange with
# nbgrader_config.py, is tried by tests/classroom/test_hub.py; the installer and tljh-config are taken from TLJH's
# documentation (named at each step) and were not run where this was written.
set -euo pipefail

# 1. As root on a fresh server. "Customizing the Installer"
curl -L https://tljh.jupyter.org/bootstrap.py | sudo python3 - --admin teacher

# 2. What students need, in the environment of all users; JupyterHub stays the installer's. Log in as teacher, open a
#    terminal. "Install conda, pip or apt packages" (sudo -E keeps the environment's pip)
git clone https://github.com/OWNER/REPO "$HOME/REPO"
cd "$HOME/REPO"
sudo -E pip install -r requirements/lab.txt -r requirements/classroom.txt
sudo -E pip install --no-deps .

# 3. nbgrader's exchange, which everybody may write to. nbgrader's "Managing assignment files" has its layout
sudo mkdir -p /srv/nbgrader/exchange
sudo chmod 777 /srv/nbgrader/exchange
sudo install -D -m 644 classroom/deploy/nbgrader_config.py /etc/jupyter/nbgrader_config.py

# 4. What one student may take. "Configuring TLJH with tljh-config"
sudo tljh-config set limits.memory 1G
sudo tljh-config set limits.cpu 1
sudo tljh-config set user_environment.default_app jupyterlab
sudo tljh-config reload

# 5. The teacher's tools are off for all and on for the teacher. nbgrader's "Installation"
for tool in formgrader create-assignment; do
    sudo -E jupyter labextension disable --level=system "@jupyter/nbgrader:$tool"
    jupyter labextension enable --level=user "@jupyter/nbgrader:$tool"
done

# 6. The sandbox for grading. From Ubuntu 24.04 on AppArmor forbids bubblewrap its namespaces (its message: "setting up
#    uid map: Permission denied") until it has a profile that allows them
sudo apt-get install --yes bubblewrap python3-venv
bwrap --ro-bind / / --unshare-all true || {
    printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile bwrap /usr/bin/bwrap flags=(unconfined) {\n  userns,\n}\n' |
        sudo tee /etc/apparmor.d/bwrap
    sudo systemctl reload apparmor
}

# 7. A week, as teacher. TLJH names the users of the machine jupyter-<name>; so are the students in the tables
python3 dev.py classroom make --chapters 4 5 --seed 2027
cd course
PATH="$HOME/REPO/.venv/bin:$PATH"
nbgrader release_assignment chapters-4-5 # students: Nbgrader > Assignment List > fetch … submit
nbgrader collect chapters-4-5
(cd .. && python3 dev.py classroom grade course/submitted --assignment chapters-4-5)
nbgrader release_feedback chapters-4-5
