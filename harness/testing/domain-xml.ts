/** Domains as `virsh dumpxml` prints them, of several versions of libvirt, with what tells of one machine made up. */

/** libvirt 6, a legacy passthrough beside channel devices. */
export const oldDomain = `<domain type='kvm' id='3'>
  <name>guest1</name>
  <uuid>5b0ed1a3-0f4e-4c70-a0b3-6c2d0f1b5e11</uuid>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <resource>
    <partition>/machine</partition>
  </resource>
  <os>
    <type arch='s390x' machine='s390-ccw-virtio-4.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <cpu mode='custom' match='exact' check='full'>
    <model fallback='forbid'>z14.2-base</model>
    <feature policy='require' name='zpci'/>
  </cpu>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>preserve</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-s390x</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/images/guest1.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
      <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0000'/>
    </disk>
    <controller type='pci' index='0' model='pci-root'>
      <alias name='pci.0'/>
    </controller>
    <console type='pty' tty='/dev/pts/1'>
      <target type='sclp' port='0'/>
    </console>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <driver name='vfio'/>
      <source>
        <address domain='0x0001' bus='0x00' slot='0x00' function='0x0'/>
      </source>
      <alias name='hostdev0'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'>
        <zpci uid='0x0019' fid='0x0000001f'/>
      </address>
    </hostdev>
    <memballoon model='virtio'>
      <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>
    </memballoon>
    <panic model='s390'/>
  </devices>
  <seclabel type='dynamic' model='dac' relabel='yes'/>
</domain>
`;

/** A later one: iommufd, functions without addresses of their own, an emulated controller. */
export const newDomain = `<domain type="qemu">
  <name>guest2</name>
  <metadata><app xmlns="http://example.org/app">x</app></metadata>
  <memory unit="GiB">1</memory>
  <vcpu>1</vcpu>
  <iommufd enabled="yes"/>
  <os><type arch="s390x" machine="s390-ccw-virtio-10.0">hvm</type></os>
  <devices>
    <hostdev mode="subsystem" type="pci" managed="no">
      <driver name="vfio" iommufd="yes"/>
      <source><address domain="0x0002" bus="0x00" slot="0x00" function="0x0"/></source>
      <address type="pci" domain="0x0001" bus="0x00" slot="0x00" function="0x0"><zpci/></address>
    </hostdev>
    <controller type="nvme" index="0" model="nvme">
      <address type="pci" domain="0x0000" bus="0x00" slot="0x02" function="0x0"><zpci uid="0x0003" fid="0x00000000"/></address>
    </controller>
    <rng model="virtio">
      <backend model="random">/dev/urandom</backend>
      <address type="pci"><zpci uid="65535" fid="0xffffffff"/></address>
    </rng>
  </devices>
</domain>
`;
