-- Breaks the status into lines. OBS's own word wrap makes a row higher or lower than its text: the rows
-- below would move whenever the text changes.
local M = {}

-- Three lines, so that what is needed daily fits into the window as OBS opens it. A line holds about 56
-- Latin letters there; others are twice as wide.
local LINES, COLUMNS = 3, 56

-- What a line never begins with, and never ends with.
local FOLLOWS = { ["、"] = true, ["。"] = true, ["」"] = true, [")"] = true, [","] = true, ["."] = true }

local LEADS = { ["「"] = true, ["("] = true }

local LETTER = "[%z\1-\127\194-\244][\128-\191]*"

local function columns_of(words)
	local columns = 0
	for letter in words:gmatch(LETTER) do columns = columns + (letter:byte() < 224 and 1 or 2) end
	return columns
end

-- Returns the parts of a line between which it may be broken: words with the spaces before them, wide
-- letters one by one.
local function parts_of(line)
	local parts = {}
	for letter in line:gmatch(LETTER) do
		local last = parts[#parts]
		local wide, space = letter:byte() >= 224, letter == " "
		local joins = FOLLOWS[letter] or not (wide or space or (last and last.wide))
			or (last and LEADS[last.text])
		if last and joins then
			last.text = last.text .. letter
		else
			parts[#parts + 1] = { text = letter, wide = wide }
		end
	end
	return parts
end

local function broken(line, add)
	local made = ""
	for _, part in ipairs(parts_of(line)) do
		if made ~= "" and columns_of(made .. part.text) > COLUMNS then
			add(made)
			made = part.text:gsub("^ ", "")
		else
			made = made .. part.text
		end
	end
	add(made)
end

-- Returns the text in lines that fit, padded to at least LINES of them.
function M.same_height(words)
	local lines = {}
	for line in (words .. "\n"):gmatch("(.-)\n") do
		broken(line, function(made) lines[#lines + 1] = made end)
	end
	while #lines < LINES do lines[#lines + 1] = " " end
	return table.concat(lines, "\n")
end

return M
