#include "native/elf_check.h"

#include <elf.h>

#include <bit>
#include <cstring>

namespace mr::native {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#else
constexpr std::uint16_t kMachine = EM_NONE;
#endif

bool within(std::string_view bytes, std::uint64_t begin, std::uint64_t length) {
    return begin <= bytes.size() && length <= bytes.size() - begin;
}

}  // namespace

Status check_elf(std::string_view bytes) {
    if (!bytes.starts_with(std::string_view(ELFMAG, SELFMAG)))
        return fail(Code::invalid_argument, "it is no shared library (no ELF file)");
    Elf64_Ehdr head;
    if (bytes.size() < sizeof head) return fail(Code::invalid_argument, "it is cut off in its header");
    std::memcpy(&head, bytes.data(), sizeof head);
    const unsigned char order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != order ||
        (kMachine != EM_NONE && head.e_machine != kMachine))
        return fail(Code::invalid_argument, "it is for another kind of machine (ELF machine {})",
                    head.e_machine);
    if (head.e_type != ET_DYN)
        return fail(Code::invalid_argument, "it is no shared library (ELF type {})", head.e_type);
    const std::uint64_t sections = std::uint64_t{head.e_shnum} * head.e_shentsize;
    if (head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum == 0 ||
        !within(bytes, head.e_phoff, std::uint64_t{head.e_phnum} * sizeof(Elf64_Phdr)) ||
        !within(bytes, head.e_shoff, sections))
        return fail(Code::invalid_argument, "it is cut off: {} bytes are there", bytes.size());
    for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
        Elf64_Phdr part;
        std::memcpy(&part, bytes.data() + head.e_phoff + i * sizeof part, sizeof part);
        const bool used = part.p_type == PT_LOAD || part.p_type == PT_DYNAMIC;
        if (used && !within(bytes, part.p_offset, part.p_filesz))
            return fail(Code::invalid_argument, "it is cut off: {} bytes are there", bytes.size());
    }
    return {};
}

}  // namespace mr::native
